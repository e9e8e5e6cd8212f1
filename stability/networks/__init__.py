"""Networks from outside: models of other libraries, their checkpoints, and what must be frozen in them."""

from ..games.purity import impurity as impurity
from ..games.shape_checks import check_network as check_network
from .checkpoints import Checkpoint as Checkpoint
from .checkpoints import load_checkpoint as load_checkpoint
from .checkpoints import save_checkpoint as save_checkpoint
from .equinox_model import equinox as equinox
from .flax_model import flax as flax
from .haiku_model import haiku as haiku
from .orbax_checkpoints import load_orbax as load_orbax
from .torch_game import torch_game as torch_game
