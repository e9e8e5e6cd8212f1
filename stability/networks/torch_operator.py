"""Jacobians of PyTorch functions as linear operators, for vectors of PyTorch, NumPy and JAX."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import jax
import jax.core
import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from ..errors import InputTypeError


class TorchOperator:
    """A = c ∂f/∂x + t (∂f/∂x)ᵀ at a point, known by its products; usually c = 1 and t = 0.

    - `matvec(u)`: A u. `rmatvec(u)`: Aᵀ u. Tensors come back for tensors, NumPy arrays for NumPy arrays and
      JAX arrays for JAX arrays, also inside `jax.jit`.
    - `shape` (m, d), `dtype` (NumPy's), `point`, `value`: x and f(x), tensors.

    f is evaluated, and its graph kept, once. Reverse mode gives Jᵀu; as that is linear in u, reverse mode
    through it gives J u, for less than forward mode over f costs anew.
    """

    def __init__(
        self,
        function: Callable[[torch.Tensor], torch.Tensor],
        point: torch.Tensor,
        weights: tuple[float, float] = (1.0, 0.0),
    ):
        self.function, self.point, self.weights = function, point, weights
        self.value, self._pull = torch.func.vjp(function, point)
        self.shape = (self.value.numel(), point.numel())
        self.dtype = np.dtype(str(point.dtype).removeprefix("torch."))

    def matvec(self, u: Any) -> Any:
        """A u, shape (m,)."""
        return self._apply(self.weights, u, self.shape[1])

    def rmatvec(self, u: Any) -> Any:
        """Aᵀ u, shape (d,)."""
        return self._apply((self.weights[1], self.weights[0]), u, self.shape[0])

    def __neg__(self) -> TorchOperator:
        return self.combined(*(-weight for weight in self.weights))

    def combined(self, plain: float, transposed: float) -> TorchOperator:
        """The same Jacobian and its transpose in another combination, from the same graph."""
        other = object.__new__(TorchOperator)
        vars(other).update(vars(self), weights=(plain, transposed))
        return other

    @cached_property
    def _push(self) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
        return torch.func.vjp(lambda w: self._pull(w)[0], torch.zeros_like(self.value))[1]

    def _apply(self, weights: tuple[float, float], u: Any, length: int) -> Any:
        if np.shape(u) != (length,):
            raise InputTypeError(f"this takes a vector of shape ({length},), not {np.shape(u)}")
        if isinstance(u, jax.core.Tracer):
            size = self.shape[0] + self.shape[1] - length
            result = jax.ShapeDtypeStruct((size,), u.dtype)
            return jax.pure_callback(
                lambda w: self._apply(weights, np.asarray(w), length).astype(u.dtype),
                result,
                u,
                vmap_method="sequential",
            )
        tensor = as_tensor(u, self.point.device, self.point.dtype)
        products = ((weights[0], self._push), (weights[1], self._pull))
        terms = [weight * product(tensor)[0] for weight, product in products if weight]
        return like_given(sum(terms[1:], terms[0]).detach(), u)


def as_tensor(values: Any, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """A tensor of an array of any kind, shared by DLPack where it can be."""
    if isinstance(values, jax.Array):
        values = torch.from_dlpack(values)
    elif not isinstance(values, torch.Tensor):
        values = torch.as_tensor(np.require(values, requirements="W"))  # PyTorch warns of others
    return values.to(device, dtype)


def like_given(tensor: torch.Tensor, given: Any) -> Any:
    """The tensor as the kind of array that was given."""
    tensor = tensor.detach()
    if isinstance(given, torch.Tensor):
        return tensor
    if isinstance(given, jax.Array):
        return jax.dlpack.from_dlpack(tensor.contiguous())
    return tensor.cpu().numpy()
