"""Names of a package that are imported when they are first asked for.

JAX, SymPy and SciPy take seconds to import, and whoever asks for a version, or uses one verb of many, need
not wait for all of them.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable
from typing import Any


def lazily(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The `__getattr__`, `__dir__` and `__all__` of a package that imports nothing itself.

    The package's own text is the one list of its names: what it imports under `if TYPE_CHECKING:`, where
    type checkers and people read it, is imported here one by one. The rooms of the package count as names
    too, as they do after any import of them, but not for `__all__`.
    """
    sources = _sources(package)
    module = sys.modules[package]

    def get(name: str) -> Any:
        if name in sources:
            source, original = sources[name]
            if original is None:
                value = importlib.import_module(f"{source}{name}", package)
            else:
                value = getattr(importlib.import_module(source, package), original)
        elif not name.startswith("_") and importlib.util.find_spec(f"{package}.{name}"):
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(module, name, value)
        return value

    return get, lambda: sorted({*vars(module), *sources}), sorted(sources)


def _sources(package: str) -> dict[str, tuple[str, str | None]]:
    """By name: the module it is imported from, and its name there, or None where it is a module itself."""
    loader: Any = sys.modules[package].__loader__
    sources = {}
    for statement in ast.parse(loader.get_source(package)).body:
        if not (isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"):
            continue
        for line in statement.body:
            assert isinstance(line, ast.ImportFrom)
            source = "." * line.level + (line.module or "")
            for alias in line.names:
                sources[alias.asname or alias.name] = (source, alias.name if line.module else None)
    return sources
