"""Every algorithm on one game, side by side."""

from .run import compare as compare
from .value import Comparison as Comparison
