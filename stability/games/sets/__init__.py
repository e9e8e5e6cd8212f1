"""Where players' strategies live: intervals, simplices, balls, and their product over a profile."""

from .kinds import Ball as Ball
from .kinds import Bounds as Bounds
from .kinds import Simplex as Simplex
from .product import Sets as Sets
from .resolve import resolved as resolved
from .tangent import Tangent as Tangent
from .tangent import has_limits_at as has_limits_at
from .tangent import tangent as tangent
