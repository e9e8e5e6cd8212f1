"""Profiles in Orbax checkpoint folders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError
from .frozen import path_name
from .leaves import leaf_shapes


def load_orbax(
    folder: str | os.PathLike[str], game: Any, *, paths: Mapping[str, str] | None = None
) -> np.ndarray:
    """The profile, shape (d,), in a checkpoint folder that Orbax wrote of a pytree.

    Arrays are found by their paths: those of player `disc` are `disc/…` in the checkpoint, with the path in
    the player's pytree behind. Only the players' arrays are read.

    - `game`: the game whose strategies are read.
    - `folder`: what `StandardCheckpointer` or `PyTreeCheckpointer` saved to, or a step of a
      `CheckpointManager` (`run/500`), of which the item `default` is read (`run/500/params` names another).
    - `paths`: player ↦ where in the checkpoint the player's arrays are, if not under the player's name:
      `{"disc": "params/discriminator", "gen": "params/generator"}`.

    Raises InputError, which names the folder and the array, if the folder is no such checkpoint, is
    damaged, or does not hold the strategies of this game, and if Orbax is not installed.
    """
    try:
        import orbax.checkpoint as ocp
    except ImportError:
        raise InputError("Orbax is not installed; pip install orbax-checkpoint") from None
    where = {player: player for player in game.players} | dict(paths or {})
    if set(where) != set(game.players):
        raise InputError(
            f"paths names a player that does not exist; they are {', '.join(game.players)}"
        )
    root = Path(folder).absolute()
    root = root if (root / "_METADATA").exists() else root / "default"
    if not (root / "_METADATA").exists():
        raise InputError(f"{folder} is no Orbax checkpoint of a pytree (it has no _METADATA)")
    try:
        with ocp.PyTreeCheckpointer() as checkpointer:
            tree = checkpointer.metadata(root).item_metadata.tree
            leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
            stored = {path_name(path).removesuffix("/value"): leaf for path, leaf in leaves}
            names = _names(folder, game, where, stored)
            wanted = set(names)
            asked = [leaf if name in wanted else ocp.PLACEHOLDER for name, leaf in stored.items()]
            how = [ocp.RestoreArgs(restore_type=np.ndarray)] * len(asked)
            found = checkpointer.restore(
                root,
                args=ocp.args.PyTreeRestore(
                    item=structure.unflatten(asked), restore_args=structure.unflatten(how)
                ),
            )
    except InputError:
        raise
    except Exception as error:  # Orbax passes on whatever its storage raises
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{folder} cannot be read by Orbax: {reason}") from error
    values = {
        path_name(path).removesuffix("/value"): leaf
        for path, leaf in jax.tree_util.tree_flatten_with_path(found)[0]
    }
    x = np.concatenate([np.asarray(values[name]).ravel() for name in names])
    if not np.isfinite(x.astype(float)).all():
        bad = next(n for n in names if not np.isfinite(np.asarray(values[n], float)).all())
        raise InputError(f"{folder}: {bad!r} holds a number that is not finite")
    return x


def _names(
    folder: Any, game: Any, where: Mapping[str, str], stored: Mapping[str, Any]
) -> list[str]:
    """The names in the checkpoint of the game's arrays, in the order of the profile."""
    names = []
    for own, shape in leaf_shapes(game).items():
        player = max((p for p in game.players if own == p or own.startswith(f"{p}/")), key=len)
        name = where[player].strip("/") + own.removeprefix(player)
        if name not in stored:
            raise InputError(
                f"{folder}: {name!r} is missing; say with paths= where each player's arrays are"
            )
        found = stored[name]
        if tuple(found.shape) != shape:
            raise InputError(
                f"{folder}: {name!r} has the shape {tuple(found.shape)}; this game's has {shape}"
            )
        if not jnp.issubdtype(found.dtype, jnp.floating):
            raise InputError(f"{folder}: {name!r} holds {found.dtype}, not floating-point numbers")
        names.append(name)
    return names
