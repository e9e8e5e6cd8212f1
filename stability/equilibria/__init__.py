"""Where a system rests: exact and numeric search, isolation, smoothness."""

from .equilibrium import Equations as Equations
from .equilibrium import Equilibrium as Equilibrium
from .find import Equilibria as Equilibria
from .find import describe_point as describe_point
from .find import find_equilibria as find_equilibria
