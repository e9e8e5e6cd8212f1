"""Step sizes that change on the way: what a schedule does at an equilibrium."""

from .along_schedule import along_schedule as along_schedule
