"""PyTorch modules as players, by way of torch.func; imported when `torch_game` is called."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from ..dynamics.partition import Partition
from ..errors import InputError, InputTypeError
from .torch_checks import check_losses, check_modules
from .torch_operator import TorchOperator, as_tensor, like_given


class TorchGame:
    """A game whose strategies are the parameters of PyTorch modules; made by `torch_game`.

    - `players`, `partition`, `dimension`, `start` (NumPy, in the parameters' dtype), `name`.
    - `losses(x)`, `field(x)`, `player_field(i, x)`, `gradient(i, x)`: as for `Game`.
    - `linearize(x)`: the Jacobian as an operator, with its blocks and the own Hessians.
    - `pack(modules)`, `unpack(x)`: between modules and profiles.

    A profile may be a tensor, a NumPy array or a JAX array; vectors come back as the same kind.
    """

    kind = "game"

    def __init__(
        self,
        losses: Mapping[str, Callable[..., Any]],
        modules: Mapping[str, Any],
        data: Sequence[Any],
        name: str,
    ):
        self.players = check_modules(losses, modules)
        self.name = name
        self.data = tuple(data)
        self._losses = tuple(losses[player] for player in self.players)
        self._modules = _Players(copy.deepcopy([modules[player] for player in self.players]))
        self._modules.eval()
        self._shapes = [_trainable(module) for module in self._modules.players]
        for player, own in zip(self.players, self._shapes, strict=True):
            if not own:
                raise InputError(f"the module of player {player!r} has no parameters to train")
        self.partition = Partition(
            self.players, tuple(sum(p.numel() for p in own.values()) for own in self._shapes)
        )
        self.dimension = self.partition.dimension
        self.minimizer = 0
        tensors = [p for own in self._shapes for p in own.values()]
        if len({p.device for p in tensors}) > 1:
            raise InputError("the players' parameters lie on several devices; move them to one")
        flat = torch.cat([p.detach().reshape(-1) for p in tensors])
        self.device, self.dtype = flat.device, flat.dtype
        self.start: np.ndarray = flat.cpu().numpy()
        check_losses(self, self._modules)

    def losses(self, x: Any) -> Any:
        """(L_1, …, L_n) at the profile x, shape (n,)."""
        parts = self._parts(self._profile(x))
        with torch.no_grad():
            values = [self._loss(i, parts) for i in range(len(parts))]
        return like_given(torch.stack(values), x)

    def field(self, x: Any) -> Any:
        """The gradient field v = −(∇₁L₁, …, ∇ₙLₙ), shape (d,)."""
        return like_given(self._field(self._profile(x)), x)

    def player_field(self, player: str | int, x: Any) -> Any:
        """−∇ᵢLᵢ, one player's part of the field, shape (d_i,)."""
        i = self.partition.index(player)
        return like_given(self._player_field(i, self._parts(self._profile(x))), x)

    def gradient(self, player: str | int, x: Any) -> Any:
        """∇L_i over the whole profile, shape (d,)."""
        i = self.partition.index(player)
        value = torch.func.grad(lambda y: self._loss(i, self._parts(y)))
        return like_given(value(self._profile(x)).detach(), x)

    def linearize(self, x: Any) -> TorchLinearization:
        """J = ∂v/∂x at the profile x as an operator; the field is evaluated once for all products."""
        return TorchLinearization(self, self._profile(x))

    def pack(self, modules: Mapping[str, Any]) -> np.ndarray:
        """The profile, shape (d,), of modules shaped as the game's. Raises InputError if they are not."""
        if not isinstance(modules, Mapping) or set(modules) != set(self.players):
            raise InputError(f"modules maps each of the players {', '.join(self.players)} to one")
        parts = []
        for player, shapes in zip(self.players, self._shapes, strict=True):
            given = dict(modules[player].named_parameters())
            for name, like in shapes.items():
                if name not in given or given[name].shape != like.shape:
                    raise InputError(
                        f"the module of player {player!r} has no parameter {name!r} of shape "
                        f"{tuple(like.shape)}"
                    )
                parts.append(given[name].detach().reshape(-1).to(self.device, self.dtype))
        return torch.cat(parts).cpu().numpy()

    def unpack(self, x: Any) -> tuple[dict[str, Any], ...]:
        """The players' parameters by name, in player order, of a profile of shape (d,) of any kind."""
        parts, begin = [], 0
        for shapes in self._shapes:
            own = {}
            for name, like in shapes.items():
                own[name] = x[begin : begin + like.numel()].reshape(tuple(like.shape))
                begin += like.numel()
            parts.append(own)
        return tuple(parts)

    def _profile(self, x: Any) -> torch.Tensor:
        tensor = as_tensor(x, self.device, self.dtype)
        if tensor.shape != (self.dimension,):
            raise InputTypeError(
                f"a profile of this game has the shape ({self.dimension},), not {tuple(tensor.shape)}"
            )
        return tensor.detach()

    def _parts(self, x: torch.Tensor) -> list[torch.Tensor]:
        return list(torch.split(x, list(self.partition.sizes)))

    def _loss(self, i: int, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        values = self.unpack(torch.cat(list(parts)))
        tensors = {
            f"players.{j}.{name}": tensor.to(self._shapes[j][name].dtype)
            for j, own in enumerate(values)
            for name, tensor in own.items()
        }
        return torch.func.functional_call(self._modules, tensors, (self._losses[i], *self.data))

    def _player_field(self, i: int, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        def loss(own: torch.Tensor) -> torch.Tensor:
            return self._loss(i, [own if j == i else part for j, part in enumerate(parts)])

        return -torch.func.grad(loss)(parts[i])

    def _field(self, x: torch.Tensor) -> torch.Tensor:
        parts = self._parts(x)
        return torch.cat([self._player_field(i, parts) for i in range(len(parts))])

    def _block_field(self, i: int, j: int, x: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        parts = self._parts(x)
        return self._player_field(i, [own if k == j else part for k, part in enumerate(parts)])


class TorchLinearization(TorchOperator):
    """J = ∂v/∂x of a `TorchGame` at one point, as a linear operator on vectors of shape (d,).

    - `matvec(u)`, `rmatvec(u)`: J u and Jᵀ u. `point`, `value`: x and v(x), tensors. `partition`.
    - `block(i, j)`, `hessian(i)`: ∂v_i/∂x_j and ∇²_ii L_i, operators of their own.
    """

    def __init__(self, game: TorchGame, x: torch.Tensor):
        super().__init__(game._field, x)
        self.game, self.partition = game, game.partition

    def block(self, row: str | int, column: str | int) -> TorchOperator:
        """∂v_row/∂x_column, shape (d_row, d_column), of two players by name or position."""
        i, j = self.partition.index(row), self.partition.index(column)
        own = self.partition.part(j, self.point)
        return TorchOperator(partial(self.game._block_field, i, j, self.point), own)

    def hessian(self, player: str | int) -> TorchOperator:
        """The player's own Hessian ∇²_ii L_i = −∂v_i/∂x_i, shape (d_i, d_i)."""
        return -self.block(player, player)

    @cached_property
    def symmetric(self) -> TorchOperator:
        """(J + Jᵀ)/2."""
        return self.combined(0.5, 0.5)


class _Players(torch.nn.Module):
    """All players' modules as one, whose call is a loss: one `functional_call` exchanges all parameters."""

    def __init__(self, modules: Sequence[torch.nn.Module]):
        super().__init__()
        self.players = torch.nn.ModuleList(modules)

    def forward(self, loss: Callable[..., Any], *data: Any) -> Any:
        return loss(*self.players, *data)


def _trainable(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """The trainable parameters in alphabetical order, which is that of JAX's dictionaries."""
    named = dict(sorted(module.named_parameters()))
    return {n: p for n, p in named.items() if p.requires_grad and p.is_floating_point()}
