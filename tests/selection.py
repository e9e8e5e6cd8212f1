"""Which cases of a long test every run takes; the others are marked slow."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

import pytest


def slow_but(values: Iterable[Any], quick: Container[Any]) -> list[Any]:
    """The values of one argument, those that are not `quick` marked slow."""
    return [v if v in quick else pytest.param(v, marks=pytest.mark.slow) for v in values]


def slow_rows(rows: Iterable[tuple], slow: Callable[[tuple], bool]) -> list[Any]:
    """The values of several arguments, those of which `slow` is true marked slow."""
    return [pytest.param(*row, marks=pytest.mark.slow if slow(row) else ()) for row in rows]
