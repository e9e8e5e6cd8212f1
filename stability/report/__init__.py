"""The Report: the whole analysis as one frozen value, and how it is shown."""

from .analysis import report as report
from .value import Report as Report
