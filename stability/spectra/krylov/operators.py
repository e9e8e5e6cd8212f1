"""Whatever has `matvec` and `shape`, seen as one kind of operator by the Krylov methods."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from ...errors import InputError, InputTypeError

_CPU = 1  # DLPack's number for it


@dataclass
class Operator:
    """A real square operator and where its vectors live.

    - `apply`: v ↦ A v, from and to the basis's kind of vectors.
    - `transposed`: v ↦ Aᵀ v, or None if the operator has no `rmatvec`.
    - `sharding`: the `jax.sharding.Sharding` of A v if the basis belongs on JAX's devices; None
      if it belongs in the computer's memory.
    - `products`: how often either was applied.
    """

    apply: Callable[[Any], Any]
    transposed: Callable[[Any], Any] | None
    dimension: int
    dtype: np.dtype
    sharding: jax.sharding.Sharding | None
    products: int = 0

    def matvec(self, vector: Any) -> Any:
        """A v."""
        self.products += 1
        return self.apply(vector)

    def rmatvec(self, vector: Any) -> Any:
        """Aᵀ v."""
        assert self.transposed is not None
        self.products += 1
        return self.transposed(vector)

    def precision(self) -> AbstractContextManager[Any]:
        """The context that float64 products need in JAX, whose default is float32."""
        return jax.enable_x64(True) if self.dtype == np.float64 else nullcontext()


def adapt(operator: Any) -> Operator:
    """The operator, tried on one vector.

    JAX arrays that lie on one CPU are read in place by NumPy; those of an accelerator, and those
    split over several devices, stay where they are. Vectors of PyTorch and CuPy are shared by
    DLPack; `operator.dtype` tells them.

    Raises `InputTypeError` for what is no operator, and `InputError` for one that is not square,
    not real, or returns vectors of another shape or NaN.
    """
    if not callable(getattr(operator, "matvec", None)) or not hasattr(operator, "shape"):
        raise InputTypeError(
            "a spectrum is computed of a matrix or of an object with `shape` and `matvec`, not of "
            f"{type(operator).__name__!r}"
        )
    shape = tuple(operator.shape)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise InputError(f"the operator must be square; its shape is {shape}")
    dimension = int(shape[0])
    library, dtype = _kind(operator)
    if dtype.kind == "c":
        raise InputError(
            "the operator is complex; give it as a matrix, or as a real operator of twice the size"
        )
    backward = getattr(operator, "rmatvec", None)
    if library is not None:
        device = getattr(operator, "device", None)
        forward = _shared(operator.matvec, library, device)
        backward = None if backward is None else _shared(backward, library, device)
    else:
        forward = operator.matvec
    found = Operator(forward, backward, dimension, dtype, None)
    with found.precision():
        start = np.random.default_rng(dimension).standard_normal(dimension).astype(dtype)
        image = found.matvec(start)
        if tuple(image.shape) != (dimension,):
            raise InputError(
                f"the operator's matvec returned shape {tuple(image.shape)} for a vector of shape "
                f"({dimension},); it must return the same shape"
            )
        if np.dtype(image.dtype).kind == "c":
            raise InputError("the operator's matvec returned complex numbers; only a real one does")
        if isinstance(image, jax.Array) and not _on_host(image):
            found.sharding = image.sharding
        else:
            require_finite(np.asarray(image))
    return found


def require_finite(numbers: np.ndarray) -> None:
    """Raises `InputError` if a product, or inner products with it, is not finite."""
    if not np.all(np.isfinite(numbers)):
        raise InputError(
            "the operator returned NaN or infinite numbers; its eigenvalues need a point at which "
            "every product is finite"
        )


def _kind(operator: Any) -> tuple[str | None, np.dtype]:
    """The library whose vectors the operator takes (None: NumPy or JAX) and its precision."""
    name = str(getattr(operator, "dtype", "float64"))
    library = "torch" if name.startswith("torch.") else None
    if type(operator).__module__.startswith("cupy"):
        library = "cupy"
    try:
        dtype = np.dtype(name.removeprefix("torch."))
    except TypeError:  # bfloat16 and its like: worked on in single precision
        dtype = np.dtype(np.float32)
    if dtype.kind == "c":
        return library, dtype
    single = dtype.kind == "f" and dtype.itemsize <= 4
    return library, np.dtype(np.float32 if single else np.float64)


def _shared(product: Callable[[Any], Any], library: str, device: Any) -> Callable[[Any], Any]:
    """The product for NumPy or JAX vectors, of an operator on another library's vectors."""

    def apply(vector: Any) -> Any:
        if library == "torch":
            import torch  # pyright: ignore[reportMissingImports]

            image = product(torch.from_dlpack(vector).to(device)).detach()
        else:
            import cupy  # pyright: ignore[reportMissingImports]

            on_host = isinstance(vector, np.ndarray)
            image = product(cupy.asarray(vector) if on_host else cupy.from_dlpack(vector))
        if image.__dlpack_device__()[0] == _CPU:
            return np.from_dlpack(image)
        if jax.default_backend() == "gpu":
            return jax.dlpack.from_dlpack(image)
        return image.cpu().numpy() if library == "torch" else image.get()

    return apply


def _on_host(array: jax.Array) -> bool:
    devices = array.devices()
    return len(devices) == 1 and next(iter(devices)).platform == "cpu"
