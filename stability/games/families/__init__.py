"""Small GANs that the theory is told on, for every objective, as symbolic games with known answers."""

from .covariance import covariance as covariance
from .dirac import dirac as dirac
from .gaussian import gaussian as gaussian
from .linear import linear as linear
from .nagarajan_kolter import nagarajan_kolter as nagarajan_kolter
