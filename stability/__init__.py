"""Stability of differentiable games: where training rests, and whether it stays there."""

from . import games as games
from ._version import __version__ as __version__
from .dynamics import Flow as Flow
from .dynamics import Map as Map
from .dynamics import SymbolicFlow as SymbolicFlow
from .dynamics import SymbolicMap as SymbolicMap
from .errors import GameFileError as GameFileError
from .errors import InputError as InputError
from .errors import InputTypeError as InputTypeError
from .fields import Field as Field
from .fields import Gradient as Gradient
from .fields import TwoTimescale as TwoTimescale
from .games import Game as Game
from .games import SymbolicGame as SymbolicGame
from .games import load as load
from .games import zero_sum as zero_sum
from .report import Report as Report
from .report import report as report
from .rules import Alternating as Alternating
from .rules import Rule as Rule
from .rules import Simultaneous as Simultaneous
from .spectra import Spectrum as Spectrum
from .spectra import critical_step as critical_step
from .spectra import spectrum as spectrum
from .spectra import stability_sign as stability_sign
from .verdicts import Verdict as Verdict
