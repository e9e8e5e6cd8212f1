"""Finished chunks on disk, so that a sweep that was killed goes on where it stopped."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError

_SCHEMA = "stability-sweep-chunks/1"
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Store:
    """A folder with a manifest, which fingerprints the request, and a file for every finished chunk.

    Files are written under another name and then renamed: one that is there is whole.
    """

    folder: Path

    @classmethod
    def open(
        cls, folder: str | os.PathLike[str], fingerprint: str, request: Mapping[str, Any]
    ) -> Store:
        """The store of a request, new or taken up. Raises InputError if the folder holds another one's."""
        store = cls(Path(folder))
        manifest = {"schema": _SCHEMA, "fingerprint": fingerprint, "request": dict(request)}
        path = store.folder / _MANIFEST
        try:
            if path.exists():
                if _fingerprint(path) != fingerprint:
                    raise InputError(
                        f"{folder} holds the chunks of a different sweep; finish that one, delete the "
                        "folder, or choose another output"
                    )
            elif store.folder.exists() and any(
                not _is_temporary(p) for p in store.folder.iterdir()
            ):
                raise InputError(
                    f"{folder} is there already and holds no chunks of a sweep; move it away"
                )
            else:
                store.folder.mkdir(exist_ok=True)
                text = json.dumps(manifest, indent=2, ensure_ascii=False)
                _write(path, lambda stream: stream.write(text.encode()))
        except OSError as error:
            raise InputError(f"chunks cannot be kept in {folder}: {error.strerror}") from None
        return store

    def load(self, index: int) -> dict[str, np.ndarray] | None:
        """A chunk's quantities, or None if it is not finished."""
        try:
            with np.load(self._path(index), allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return None

    def save(self, index: int, found: Mapping[str, np.ndarray]) -> None:
        """Writes a chunk's quantities, whole or not at all."""
        try:
            _write(
                self._path(index),
                lambda stream: np.savez(stream, allow_pickle=False, **dict(found)),
            )
        except OSError as error:
            raise InputError(f"chunks cannot be kept in {self.folder}: {error.strerror}") from None

    def remove(self) -> None:
        """Deletes the chunks and the manifest, and the folder unless something else is in it."""
        for path in [*self.folder.glob("chunk-*.npz"), *self.folder.glob(".part-*")]:
            path.unlink()
        (self.folder / _MANIFEST).unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _path(self, index: int) -> Path:
        return self.folder / f"chunk-{index:08d}.npz"


def _fingerprint(path: Path) -> str | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return content.get("fingerprint") if isinstance(content, dict) else None


def _is_temporary(path: Path) -> bool:
    return path.name.startswith(".part-")


def _write(path: Path, fill: Callable[[Any], Any]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
