"""What a phase portrait shows, computed: planes, nullclines, separatrices, cycles, basins, paths."""

from .basins import basins as basins
from .curves import Basins as Basins
from .curves import Cycle as Cycle
from .curves import Nullcline as Nullcline
from .curves import Separatrix as Separatrix
from .cycles import limit_cycles as limit_cycles
from .follow import Paths as Paths
from .follow import follow as follow
from .invariant_curves import invariant_curves as invariant_curves
from .nullclines import nullclines as nullclines
from .paths import PathComparison as PathComparison
from .paths import compare_paths as compare_paths
from .plane import Plane as Plane
from .plane import choose_plane as choose_plane
from .portrait import Portrait as Portrait
from .portray import phase_portrait as phase_portrait
from .separatrices import separatrices as separatrices
