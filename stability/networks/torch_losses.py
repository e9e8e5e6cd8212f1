"""Losses of PyTorch modules as functions of one flat vector, and their derivatives of every order."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import jax
import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from ..dynamics.partition import Partition
from ..errors import InputTypeError
from .torch_primitive import WHOLE, Places, Vectors

_KEPT = 8  # graphs of gradients: what the step of a two-player game needs that looks at four points

Parts = tuple[torch.Tensor, ...]


class TorchLosses:
    """The losses of players who own the parameters of modules; see `torch_primitive.Losses`.

    - `partition`: the players and how many parameters each one trains. `start` (d,): the modules' own ones.
    - `parameters`: by player, name ↦ the parameter trained.
    - `dtype`: that of the numbers differentiated, float64 if a parameter has it, else float32.

    Everything is computed in the modules' own dtypes and on their device, by reverse mode over reverse mode.
    The graphs of the gradients at the last few points are kept, so that a product with a second derivative
    runs backwards through one and evaluates nothing again.
    """

    def __init__(
        self,
        players: tuple[str, ...],
        losses: Sequence[Callable[..., Any]],
        modules: torch.nn.Module,
        data: tuple[Any, ...],
    ):
        self.losses, self.modules, self.data = tuple(losses), modules, data
        self.parameters = [trainable(module) for module in modules.players]  # pyright: ignore
        sizes = tuple(sum(p.numel() for p in own.values()) for own in self.parameters)
        self.partition = Partition(players, sizes)
        tensors = [p for own in self.parameters for p in own.values()]
        self.device = tensors[0].device
        double = any(p.dtype == torch.float64 for p in tensors)
        self.dtype = torch.float64 if double else torch.float32
        self._graphs: deque[_Graph] = deque(maxlen=_KEPT)
        # JAX calls from several threads, and PyTorch exchanges the parameters inside the shared modules
        self._lock = Lock()

    @property
    def start(self) -> np.ndarray:
        """The parameters' values, stacked, shape (d,)."""
        tensors = [p.detach().reshape(-1) for own in self.parameters for p in own.values()]
        return torch.cat([tensor.to(self.dtype) for tensor in tensors]).cpu().numpy()

    def parts(self, x: Any) -> Parts:
        """The players' parts of a profile, leaves of a graph."""
        whole = torch.tensor(x, dtype=self.dtype, device=self.device)
        return tuple(p.requires_grad_() for p in whole.split(list(self.partition.sizes)))

    def loss(self, player: int, parts: Parts) -> torch.Tensor:
        """The loss of a player, by position."""
        tensors = {}
        for j, (own, part) in enumerate(zip(self.parameters, parts, strict=True)):
            pieces = part.split([p.numel() for p in own.values()])
            for (name, like), piece in zip(own.items(), pieces, strict=True):
                tensors[f"players.{j}.{name}"] = piece.to(like.dtype).reshape(like.shape)
        return torch.func.functional_call(self.modules, tensors, (self.losses[player], *self.data))

    def derivative(
        self, player: int, x: np.ndarray, vectors: Vectors, places: Places, free: Places
    ) -> np.ndarray:
        """DᵏL(x)[u_1, …, u_k], as `torch_primitive.derivative` has it."""
        with self._lock, torch.enable_grad():
            found = self._derivative(player, x, vectors, places, free)
        return found.detach().cpu().numpy().astype(x.dtype, copy=False)

    def _derivative(
        self, player: int, x: np.ndarray, vectors: Any, places: Places, free: Places
    ) -> torch.Tensor:
        if not vectors and not free:
            return self.loss(player, self.parts(x))  # with gradients, which it may take itself
        if not vectors:
            graph = self._graph(player, x, (), ())
            return torch.cat([graph.gradient[j] for j in self._owners(free[0])])
        graph = self._graph(player, x, vectors[:-1], places[:-1])
        last = self._at(places[-1], vectors[-1])
        if free:
            wanted = tuple(graph.parts[j] for j in self._owners(free[0]))
            return torch.cat(_product(graph.gradient, last, wanted))
        total = torch.zeros((), dtype=self.dtype, device=self.device)
        return sum((graph.gradient[j] @ u for j, u in last.items()), total)

    def _graph(self, player: int, x: np.ndarray, vectors: Any, places: Places) -> _Graph:
        """The gradient of DᵏL[u_1, …, u_k], with its graph."""
        key = (x, *vectors)
        for graph in self._graphs:
            if graph.fits(player, places, key):
                return graph
        if vectors:
            inner = self._graph(player, x, vectors[:-1], places[:-1])
            parts, last = inner.parts, self._at(places[-1], vectors[-1])
            gradient = _product(inner.gradient, last, parts, create_graph=True)
        else:
            parts = self.parts(x)
            value = self.loss(player, parts)
            gradient = _product((value,), {0: torch.ones_like(value)}, parts, create_graph=True)
        # copies, because JAX lends its arrays for the length of a call
        graph = _Graph(player, places, tuple(array.copy() for array in key), parts, gradient)
        self._graphs.append(graph)
        return graph

    def _owners(self, place: int) -> range:
        return range(len(self.losses)) if place == WHOLE else range(place, place + 1)

    def _at(self, place: int, vector: np.ndarray) -> dict[int, torch.Tensor]:
        """The parts of a vector at a place, by player, without those that are zero."""
        tensor = torch.tensor(vector, dtype=self.dtype, device=self.device)
        owners = self._owners(place)
        parts = tensor.split([self.partition.sizes[j] for j in owners])
        return {j: part for j, part in zip(owners, parts, strict=True) if part.any()}

    @cached_property
    def in_double(self) -> TorchLosses:
        """The same losses with all parameters, buffers and data in float64.

        Raises InputTypeError for losses that do not compute in float64 even then.
        """
        modules = copy.deepcopy(self.modules).double()
        data = jax.tree.map(_double, self.data)
        double = TorchLosses(self.partition.players, self.losses, modules, data)
        parts = double.parts(self.start)
        for i, player in enumerate(self.partition.players):
            try:
                with torch.enable_grad():
                    value = double.loss(i, parts)
                double_throughout = value.dtype == torch.float64 and not any(
                    node.name().startswith("ToCopyBackward") for node in graph(value)
                )
            except Exception:  # whatever a loss raises that mixes dtypes
                double_throughout = False
            if not double_throughout:
                raise InputTypeError(
                    f"the loss of player {player!r} does not compute in double precision; "
                    "give the point in single precision"
                )
        return double


@dataclass(frozen=True, eq=False)
class _Graph:
    """The gradient of a contracted derivative by player, on the graph that begins at `parts`."""

    player: int
    places: Places
    key: tuple[np.ndarray, ...]
    parts: Parts
    gradient: Parts

    def fits(self, player: int, places: Places, key: tuple[np.ndarray, ...]) -> bool:
        if (player, places) != (self.player, self.places):
            return False
        return all(map(np.array_equal, self.key, key))


def _product(
    values: Parts, weights: dict[int, torch.Tensor], wanted: Parts, create_graph: bool = False
) -> Parts:
    """The gradient of ⟨values, weights⟩ by the parts wanted; zero where it does not depend on them."""
    pairs = [(values[j], u) for j, u in weights.items() if values[j].requires_grad]
    if not pairs:
        return tuple(torch.zeros_like(part) for part in wanted)
    outputs, vectors = zip(*pairs, strict=True)
    return torch.autograd.grad(
        outputs,
        wanted,
        vectors,
        retain_graph=True,
        create_graph=create_graph,
        allow_unused=True,
        materialize_grads=True,
    )


def trainable(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """The trainable parameters in alphabetical order, which is that of JAX's dictionaries."""
    named = dict(sorted(module.named_parameters()))
    return {n: p for n, p in named.items() if p.requires_grad and p.is_floating_point()}


def _double(leaf: Any) -> Any:
    floating = isinstance(leaf, torch.Tensor) and leaf.is_floating_point()
    return leaf.double() if floating else leaf


def graph(*tensors: torch.Tensor) -> Iterator[Any]:
    """The nodes of the graph behind some tensors."""
    seen, open_ = set(), [tensor.grad_fn for tensor in tensors]
    while open_:
        node = open_.pop()
        if node is None or node in seen:
            continue
        yield node
        seen.add(node)
        open_ += [following for following, _ in node.next_functions]
