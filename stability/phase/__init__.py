"""What a phase portrait shows, computed: nullclines, separatrices, paths of flows and of steps."""

from .curves import Nullcline as Nullcline
from .curves import Separatrix as Separatrix
from .follow import Paths as Paths
from .follow import follow as follow
from .nullclines import nullclines as nullclines
from .paths import PathComparison as PathComparison
from .paths import compare_paths as compare_paths
from .portrait import Portrait as Portrait
from .portray import phase_portrait as phase_portrait
from .separatrices import separatrices as separatrices
