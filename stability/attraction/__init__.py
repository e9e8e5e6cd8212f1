"""From where which attractor is reached."""

from .basins import basins as basins
from .value import Basins as Basins
