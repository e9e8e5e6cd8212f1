"""How the tests of known answers look things up in a report."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

import stability as st
from tests.known_systems import number

DIGITS = 1e-8  # the reference answers hold to eight significant digits


@functools.cache
def _analyse(game: str, parameters: tuple, fields: tuple, rules: tuple | None) -> dict[str, Any]:
    system = getattr(st.games, game.replace("-", "_"))(**dict(parameters))
    return st.report(system, fields=fields, rules=rules, everywhere=True).to_dict()


def analyse(
    game: str, fields: Sequence = (), rules: Sequence | None = (), **parameters: Any
) -> dict[str, Any]:
    """The report of a catalogue entry as data; every distinct one is computed once.

    A parameter that is given its own value makes no other report.
    """
    own = {symbol.name: value for symbol, value in st.load(game).values().items()}
    settings = tuple(
        (name, value)
        for name, value in sorted(parameters.items())
        if sympy.sympify(value, rational=True) != own[name]
    )
    return _analyse(game, settings, tuple(fields), None if rules is None else tuple(rules))


def equilibrium(report: dict[str, Any], *coordinates: str | float) -> dict[str, Any]:
    """The one equilibrium at this point, to eight digits (of the point's size, for zeros)."""
    point = np.array([number(c).real for c in coordinates])
    tolerance = DIGITS * max(1.0, np.abs(point).max())
    found = [
        e
        for e in report["equilibria"]
        if np.abs(np.array(list(e["point"].values())) - point).max() <= tolerance
    ]
    assert len(found) == 1, f"{point} among {[e['point'] for e in report['equilibria']]}"
    return found[0]


def assert_spectrum(pairs: Sequence[Sequence[float]], expected: np.ndarray) -> None:
    """Eigenvalues in the report's order against expected ones in the same order.

    Relative to the spectrum's size. Two equal ones that the report knows only numerically would come
    back split by sqrt(eps); the library promises not to let that happen.
    """
    values = np.array([complex(*pair) for pair in pairs])
    assert values.shape == expected.shape
    np.testing.assert_allclose(values, expected, rtol=0, atol=DIGITS * np.abs(expected).max())


def assert_same_function(text: str, expected: str, points: Sequence[dict[str, Any]]) -> None:
    """Two closed forms agree at several parameter values, to eight digits."""
    assert text is not None, f"no closed form; expected {expected}"
    for parameters in points:
        np.testing.assert_allclose(
            number(text, **parameters), number(expected, **parameters), rtol=DIGITS, atol=1e-12
        )


def near(report: dict[str, Any], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """All parameters of a report: as given, and with the given ones moved by a few per cent."""
    others = {name: repr(value) for name, value in report["system"]["parameters"].items()}
    return [
        {**others, **{name: f"({value})*{factor}" for name, value in parameters.items()}}
        for factor in ("1", "97/100", "103/100")
    ]


def case_id(value: Any) -> str:
    """A readable name for one column of a table."""
    if isinstance(value, dict):
        return ",".join(f"{name}={v}" for name, v in value.items()) or "default"
    if isinstance(value, tuple):
        return "at(" + ",".join(map(str, value)) + ")"
    return value if isinstance(value, str) else ""
