"""The Report: the whole analysis as one frozen value, and how it is shown."""

from . import document as document  # teaches a Report to show itself
from .reporting import report as report
from .value import Report as Report
