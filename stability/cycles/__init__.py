"""Limit cycles of flows, periodic orbits and invariant curves of maps."""

from .invariant_curves import invariant_curves as invariant_curves
from .limit_cycles import limit_cycles as limit_cycles
from .periodic_orbits import periodic_orbits as periodic_orbits
from .value import Cycle as Cycle
