"""Divergences and distances between distributions: what the objectives of GANs measure."""

from .between import NAMES as NAMES
from .between import Measured as Measured
from .between import between as between
from .distributions import Finite as Finite
from .distributions import Mixture as Mixture
from .distributions import Normal as Normal
from .distributions import Uniform as Uniform
from .distributions import empirical as empirical
from .f_divergences import F_DIVERGENCES as F_DIVERGENCES
from .f_divergences import FDivergence as FDivergence
from .fit import LocalFit as LocalFit
from .fit import fit_normal as fit_normal
from .kernels import mmd_unbiased as mmd_unbiased
from .samples import SampleComplexity as SampleComplexity
from .samples import sample_complexity as sample_complexity
from .variational import VariationalBound as VariationalBound
from .variational import polynomials as polynomials
from .variational import variational_bound as variational_bound
