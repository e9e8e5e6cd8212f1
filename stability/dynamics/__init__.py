"""Dynamical systems: flows ẋ = v(x) and maps x ← F(x), which know nothing of games."""

from .flow import Flow as Flow
from .flow import SymbolicFlow as SymbolicFlow
from .map import Map as Map
from .map import SymbolicMap as SymbolicMap
from .partition import Partition as Partition
from .plane import Plane as Plane
from .plane import choose_plane as choose_plane
