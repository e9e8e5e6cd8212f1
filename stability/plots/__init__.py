"""Figures. Every function takes an Axes (or makes one), draws on it, and returns it."""

from .along import apart as apart
from .along import coordinates as coordinates
from .along import distances as distances
from .along import losses as losses
from .animation import animate as animate
from .basins import basins as basins
from .curves import cycles as cycles
from .curves import nullclines as nullclines
from .curves import separatrices as separatrices
from .equilibria import equilibria as equilibria
from .legend import legend_below as legend_below
from .line import cobweb as cobweb
from .line import phase_line as phase_line
from .paths import iterates as iterates
from .paths import path as path
from .paths import steps as steps
from .portrait import portrait as portrait
from .spectra import eigenvalues as eigenvalues
from .spectra import multipliers as multipliers
from .streamlines import streamlines as streamlines
from .style import figure as figure
from .style import picture as picture
from .style import styled as styled
from .trajectory import trajectory as trajectory
