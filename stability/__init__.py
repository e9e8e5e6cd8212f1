"""Stability of differentiable games: where training rests, and whether it stays there."""

from . import games as games
from ._version import __version__ as __version__
from .compare import Comparison as Comparison
from .compare import compare as compare
from .compare import step_region as step_region
from .compare import tune as tune
from .compare.curves import rate_curves as rate_curves
from .dynamics import Flow as Flow
from .dynamics import Map as Map
from .dynamics import SymbolicFlow as SymbolicFlow
from .dynamics import SymbolicMap as SymbolicMap
from .dynamics.along import drift as drift
from .dynamics.along import path_angle as path_angle
from .dynamics.ensemble import Ensemble as Ensemble
from .dynamics.ensemble_flows import flow_ends as flow_ends
from .dynamics.ensemble_maps import iterate as iterate
from .dynamics.integrate import integrate as integrate
from .dynamics.simulate import simulate as simulate
from .dynamics.trajectory import Outcome as Outcome
from .dynamics.trajectory import Trajectory as Trajectory
from .errors import GameFileError as GameFileError
from .errors import InputError as InputError
from .errors import InputTypeError as InputTypeError
from .fields import LOLA as LOLA
from .fields import Consensus as Consensus
from .fields import Field as Field
from .fields import FieldFunction as FieldFunction
from .fields import Gradient as Gradient
from .fields import LookaheadOpponent as LookaheadOpponent
from .fields import Preconditioned as Preconditioned
from .fields import Ridge as Ridge
from .fields import Stackelberg as Stackelberg
from .fields import Symplectic as Symplectic
from .fields import TwoTimescale as TwoTimescale
from .games import Game as Game
from .games import SymbolicGame as SymbolicGame
from .games import load as load
from .games import zero_sum as zero_sum
from .penalties import JARE as JARE
from .penalties import Anchor as Anchor
from .penalties import ConsensusPenalty as ConsensusPenalty
from .penalties import GradientNorm as GradientNorm
from .penalties import NagarajanKolter as NagarajanKolter
from .penalties import Penalty as Penalty
from .phase import Paths as Paths
from .phase import Plane as Plane
from .phase import Portrait as Portrait
from .phase import basins as basins
from .phase import choose_plane as choose_plane
from .phase import compare_paths as compare_paths
from .phase import follow as follow
from .phase import invariant_curves as invariant_curves
from .phase import limit_cycles as limit_cycles
from .phase import nullclines as nullclines
from .phase import phase_portrait as phase_portrait
from .phase import separatrices as separatrices
from .report import Report as Report
from .report import report as report
from .rules import RK4 as RK4
from .rules import Alternating as Alternating
from .rules import BestResponse as BestResponse
from .rules import Clipped as Clipped
from .rules import Competitive as Competitive
from .rules import Extragradient as Extragradient
from .rules import HeavyBall as HeavyBall
from .rules import Heun as Heun
from .rules import LinearCompetitive as LinearCompetitive
from .rules import Lookahead as Lookahead
from .rules import Nesterov as Nesterov
from .rules import Optax as Optax
from .rules import Optimistic as Optimistic
from .rules import Projected as Projected
from .rules import Proximal as Proximal
from .rules import Rule as Rule
from .rules import RungeKutta as RungeKutta
from .rules import Simultaneous as Simultaneous
from .rules import Unrolled as Unrolled
from .rules.modified import logarithms as logarithms
from .rules.modified import modified_eigenvalues as modified_eigenvalues
from .rules.modified import modified_flow as modified_flow
from .spectra import Spectrum as Spectrum
from .spectra import characteristic_polynomial as characteristic_polynomial
from .spectra import critical_step as critical_step
from .spectra import exact_eigenvalues as exact_eigenvalues
from .spectra import hurwitz_conditions as hurwitz_conditions
from .spectra import multiplier_polynomial as multiplier_polynomial
from .spectra import multipliers as multipliers
from .spectra import schur_conditions as schur_conditions
from .spectra import spectrum as spectrum
from .spectra import stability_conditions as stability_conditions
from .spectra import stability_region as stability_region
from .spectra import stability_sign as stability_sign
from .sweep import Sweep as Sweep
from .sweep import sweep as sweep
from .sweep.loci import loci as loci
from .verdicts import Verdict as Verdict


def __getattr__(name: str):
    """`stability.plots`, imported when it is first used: Matplotlib is slow to import."""
    if name == "plots":
        import importlib

        return importlib.import_module(".plots", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
