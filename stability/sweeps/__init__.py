"""Numbers over a grid: any quantity of a report as parameters, step sizes or settings vary."""

from .run import sweep as sweep
from .value import Sweep as Sweep
