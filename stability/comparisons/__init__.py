"""Every algorithm on one game, side by side."""

from . import document as document  # teaches a Comparison to show itself
from .region import StepRegion as StepRegion
from .region import step_region as step_region
from .run import compare as compare
from .tuning import Tuned as Tuned
from .tuning import tune as tune
from .value import Comparison as Comparison
