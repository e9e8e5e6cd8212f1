"""PyTorch modules as players of a JAX game; imported when `torch_game` is called."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from ..dynamics.linearisation import Linearisation
from ..errors import InputError
from ..games.game import Game
from .torch_checks import check_losses, check_modules
from .torch_losses import TorchLosses
from .torch_primitive import derivative


class TorchGame(Game):
    """A game whose strategies are the trainable parameters of PyTorch modules; made by `torch_game`.

    It is a `Game`: profiles are NumPy or JAX vectors, and everything is differentiated as often as is asked
    for, PyTorch computing every loss and every derivative of one. Where the modules are in double precision
    the game computes in it, whatever JAX's setting; and where they are not, it does at points in float64.
    """

    def __init__(
        self,
        losses: Mapping[str, Callable[..., Any]],
        modules: Mapping[str, Any],
        data: Sequence[Any],
        name: str,
        minimizer: str | int,
        sets: Mapping[str, Any] | None = None,
    ):
        players = check_modules(losses, modules)
        owners = _Players(copy.deepcopy([modules[player] for player in players]))
        owners.eval()
        functions = [losses[player] for player in players]
        self._torch = TorchLosses(players, functions, owners, tuple(data))
        check_losses(self._torch)
        start = {
            player: {name: _array(p) for name, p in own.items()}
            for player, own in zip(players, self._torch.parameters, strict=True)
        }
        with self._precision():
            super().__init__(
                losses, start=start, name=name, minimizer=minimizer, sets=sets, check=False
            )

    def pack(self, strategies: Mapping[str, Any]) -> jax.Array:
        """The profile, shape (d,), of modules shaped as the game's, or of what `unpack` gives.

        Raises InputError if they are not.
        """
        if isinstance(strategies, Mapping) and set(strategies) == set(self.players):
            known = zip(self.players, self._torch.parameters, strict=True)
            strategies = {p: _parameters(p, strategies[p], own) for p, own in known}
        with self._precision():
            return super().pack(strategies)

    def unpack(self, x: Any) -> tuple[dict[str, Any], ...]:
        """The players' parameters by name, in player order, of a profile of shape (d,)."""
        with self._precision():
            return super().unpack(x)

    def linearise(self, x: Any, precision: str | None = None) -> Linearisation:
        """J = ∂v/∂x at the profile x as an operator; PyTorch keeps the graph for all products."""
        if precision is not None:
            raise InputError(
                "a PyTorch game computes in the precision of its modules; leave precision out"
            )
        with self._precision(x):
            return super().linearise(x)

    def with_data(self, *data: Any) -> TorchGame:
        """The same game. Raises InputError for data: those of a PyTorch game stay as they are."""
        if data:
            raise InputError(
                "the data of a PyTorch game stay as they are; make another one by torch_game"
            )
        return super().with_data()

    def batched(self, size: int) -> TorchGame:
        """Raises InputError: the losses take all data at once."""
        raise InputError(
            "a PyTorch game takes all its data at once; average over microbatches inside the losses"
        )

    def _precision(self, x: Any = None) -> AbstractContextManager[Any]:
        """Double precision for modules in it, unless somebody else traces."""
        double = self._torch.dtype == torch.float64 and not isinstance(x, jax.core.Tracer)
        return jax.enable_x64(True) if double else nullcontext()

    def _call(self, operation: str, x: Any, *more: Any, static: tuple[Any, ...] = ()) -> Any:
        with self._precision(x):
            return super()._call(operation, x, *more, static=static)

    def _at(self, x: Any) -> TorchLosses:
        """What computes the losses in the precision of x."""
        higher = x.dtype == np.float64 and self._torch.dtype != torch.float64
        return self._torch.in_double if higher else self._torch

    def _base_loss(self, i: int, x: Any, samples: Any) -> Any:
        return derivative(self._at(x), i, x)

    def _base_field(self, x: Any, samples: Any) -> Any:
        return jnp.concatenate([self._base_part(i, x) for i in range(len(self.players))])

    def _base_part(self, i: int, x: Any) -> Any:
        return -derivative(self._at(x), i, x, free=(i,))

    def _sample_player_field(self, i: int, x: Any, samples: Any) -> Any:
        return self._with_own_terms(True, i, self._base_part(i, x), x, samples)


class _Players(torch.nn.Module):
    """All players' modules as one, whose call is a loss: one `functional_call` exchanges all parameters."""

    def __init__(self, modules: Sequence[torch.nn.Module]):
        super().__init__()
        self.players = torch.nn.ModuleList(modules)

    def forward(self, loss: Callable[..., Any], *data: Any) -> Any:
        return loss(*self.players, *data)


def _array(parameter: torch.Tensor) -> np.ndarray:
    double = parameter.dtype == torch.float64
    return parameter.detach().to(torch.float64 if double else torch.float32).cpu().numpy()


def _parameters(player: str, given: Any, own: Mapping[str, Any]) -> Any:
    """A module's parameters by name, those that the game's module trains; anything else as it is."""
    if not isinstance(given, torch.nn.Module):
        return given
    named = dict(given.named_parameters())
    for name, like in own.items():
        if name not in named or named[name].shape != like.shape:
            raise InputError(
                f"the module of player {player!r} has no parameter {name!r} of shape "
                f"{tuple(like.shape)}"
            )
    return {name: _array(named[name]) for name in own}
