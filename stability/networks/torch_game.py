"""Games of PyTorch modules: what JAX sees of them is vectors, and losses that it can differentiate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from .torch_adapter import TorchGame


def torch_game(
    losses: Mapping[str, Callable[..., Any]],
    *,
    modules: Mapping[str, Any],
    data: Sequence[Any] = (),
    name: str = "game",
    minimizer: str | int = 0,
    sets: Mapping[str, Any] | None = None,
) -> TorchGame:
    """The game of PyTorch modules, each player's strategy being the trainable parameters of a module.

    **Arguments:**

    - `losses`: player ↦ loss, in player order; a loss is called with every player's module, in player
      order, then `*data`, and returns a real scalar: `lambda disc, gen, images, latents: …`.
    - `modules`: player ↦ `torch.nn.Module`. Copies of them are used, in evaluation mode: dropout is off and
      batch normalisation uses its stored statistics. Buffers and parameters without `requires_grad` stay as
      they are.
    - `name`: what reports call the game.
    - `data`: further arguments of every loss, tensors on the modules' device.
    - `minimizer`: the outer player when a two-player zero-sum game is read as min max; default: the first.
    - `sets`: where the parameters live, as in `Game`; a parameter goes by `player.name`.

    The result is a `Game`: `st.probe`, fields, rules and penalties take it. Its profiles, shape (d,), are the
    players' parameters one below the other, each player's in alphabetical order of their names. PyTorch
    computes the losses and their derivatives, by reverse mode, on the modules' device.

    Raises InputError or InputTypeError for a loss that is not a finite real scalar, draws random numbers or
    changes from call to call, changes a buffer, cannot be differentiated twice, or depends on a player whose
    modules are detached in it; for batch normalisation that has no stored statistics; and for a parameter
    that two players share. Needs PyTorch, which no extra of this package installs.
    """
    try:
        from .torch_adapter import TorchGame
    except ImportError:
        raise InputError("PyTorch is not installed; pip install torch") from None
    return TorchGame(losses, modules, data, name, minimizer, sets)
