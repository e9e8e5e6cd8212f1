"""What the numbers mean, in words."""

from .verdict import Verdict as Verdict
