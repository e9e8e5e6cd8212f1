"""Numbers over a grid: any quantity of a report as parameters, step sizes or settings vary."""

from . import text as text  # teaches a Sweep to show itself
from .quantities import QUANTITIES as QUANTITIES
from .run import sweep as sweep
from .value import Sweep as Sweep
