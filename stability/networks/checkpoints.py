"""Profiles in NPZ files: one array for every array of the players' strategies."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import jax.numpy as jnp
import numpy as np
from numpy.lib import format as npy

from ..errors import InputError, InputTypeError
from ..games.load import check_file
from .leaves import leaf_shapes, split_profile

_UNREADABLE = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, MemoryError, OverflowError),
    *(zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint file holds.

    - `x`: the profile, shape (d,), in the dtype it was saved in.
    - `step`: the training step it was saved at, or None.
    - `extra`: what was saved beside it, by name: arrays, and tuples of arrays.
    """

    x: np.ndarray
    step: int | None = None
    extra: Mapping[str, np.ndarray | tuple[np.ndarray, ...]] = field(default_factory=dict)


def save_checkpoint(
    path: str | os.PathLike[str], game: Any, x: Any, *, step: int | None = None, **extra: Any
) -> None:
    """Saves the profile `x`, shape (d,), of a `game` as a plain NPZ file, whole or not at all.

    `path` is the file; `step` the count at which x was reached, if that is to be kept. The file holds an
    array for each array of the players' strategies, named by the player and the path in
    the player's pytree (`disc/layers/0/w`), in x's dtype (bfloat16, which NPZ lacks, as float32); further
    `__step__`, and each of `extra` under `__name__`, or `__name__/0`, `__name__/1`, … where it is a
    sequence of arrays (a rule's memory, say). A file that is there already is replaced.

    Raises InputError if x is no profile of the game, or the file cannot be written.
    """
    arrays = {name: _storable(name, leaf) for name, leaf in split_profile(game, x).items()}
    if step is not None:
        extra = {"step": np.asarray(step, dtype=np.int64), **extra}
    for name, value in extra.items():
        entries = (
            {f"__{name}__/{i}": own for i, own in enumerate(value)}
            if isinstance(value, Sequence) and not isinstance(value, str)
            else {f"__{name}__": value}
        )
        for key, own in entries.items():
            if key in arrays:
                raise InputError(
                    f"two arrays of the checkpoint are both called {key!r}; rename one"
                )
            arrays[key] = _storable(key, own)
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with open(temporary, "wb") as stream:
                _write(stream, arrays)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def load_checkpoint(path: str | os.PathLike[str], game: Any) -> Checkpoint:
    """The checkpoint in an NPZ file of `save_checkpoint`, or of anyone who names the arrays in its way.

    `path` is the file, `game` the game whose strategies it holds. Nothing in the file is run, and no array
    is made before its size is known to be right. Raises InputError, which names the file and the array, if
    the file is no NPZ file, is damaged, or does not hold the strategies of this game.
    """
    try:
        check_file(path)
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except InputError:
        raise
    except _UNREADABLE:
        raise InputError(f"{path} is not an NPZ file, or it is damaged") from None
    with archive:
        shapes = leaf_shapes(game)
        keys = [name.removesuffix(".npy") for name in archive.namelist()]
        for key in keys:
            if key not in shapes and not key.startswith("__"):
                raise InputError(
                    f"{path}: {key!r} belongs to no player of this game; was it saved from another one?"
                )
        leaves = []
        for key, shape in shapes.items():
            if key not in keys:
                raise InputError(f"{path}: {key!r} is missing; was it saved from another game?")
            leaves.append(_parameters(path, archive, key, shape))
        extra = _extra(path, archive, [key for key in keys if key not in shapes])
    step = extra.pop("step", None)
    if step is not None and not (
        isinstance(step, np.ndarray) and step.shape == () and step.dtype.kind in "iu"
    ):
        raise InputError(f"{path}: '__step__' is not one whole number")
    x = np.concatenate([leaf.ravel() for leaf in leaves])
    return Checkpoint(x, None if step is None else int(step), extra)


def _storable(key: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        raise InputTypeError(
            f"{key!r} of a checkpoint is no array but {type(value).__name__}"
        ) from None
    if array.dtype.kind == "V" and jnp.issubdtype(array.dtype, jnp.floating):
        array = array.astype(np.float32)
    if array.dtype.kind not in "biufcSU":
        raise InputTypeError(
            f"{key!r} of a checkpoint is an array of numbers or text, not {value!r}"
        )
    return array


def _write(stream: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    # not `np.savez`, whose own arguments are names that a player could have
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for key, array in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)


def _parameters(
    path: Any, archive: zipfile.ZipFile, key: str, shape: tuple[int, ...]
) -> np.ndarray:
    array = _read(path, archive, key, shape)
    if array.dtype.kind != "f":
        raise InputError(f"{path}: {key!r} holds {array.dtype}, not floating-point numbers")
    if not np.isfinite(array).all():
        raise InputError(f"{path}: {key!r} holds a number that is not finite")
    return array


def _read(
    path: Any, archive: zipfile.ZipFile, key: str, expected: tuple[int, ...] | None = None
) -> np.ndarray:
    """An array of the file, its size checked before anything of that size is made."""
    try:
        entry = archive.getinfo(f"{key}.npy")
        with archive.open(entry) as member:
            version = npy.read_magic(member)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, by_columns, dtype = header(member)
            if expected is not None and shape != expected:
                raise InputError(
                    f"{path}: {key!r} has the shape {shape}; this game's has {expected}"
                )
            if dtype.hasobject:
                raise InputError(f"{path}: {key!r} holds Python objects, not numbers")
            size = math.prod(shape) * dtype.itemsize
            if entry.file_size - member.tell() != size:
                raise InputError(f"{path}: {key!r} is damaged")
            flat = np.frombuffer(member.read(), dtype)
            return flat.reshape(shape, order="F" if by_columns else "C")
    except InputError:
        raise
    except (*_UNREADABLE, KeyError):
        raise InputError(f"{path}: {key!r} is damaged") from None


def _extra(path: Any, archive: zipfile.ZipFile, keys: Sequence[str]) -> dict[str, Any]:
    single: dict[str, Any] = {}
    numbered: dict[str, list[np.ndarray]] = {}
    for key in keys:
        quoted, _, position = key.partition("/")
        name, array = quoted.removeprefix("__").removesuffix("__"), _read(path, archive, key)
        if not position:
            single[name] = array
        elif position == str(len(numbered.setdefault(name, []))):
            numbered[name].append(array)
        else:
            raise InputError(f"{path}: {key!r} is out of order")
    return {**single, **{name: tuple(arrays) for name, arrays in numbered.items()}}
