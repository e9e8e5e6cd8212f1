"""What is drawn in the complex plane: named sets of eigenvalues or multipliers, from whatever holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..analysis.value import EquilibriumAnalysis, FlowAnalysis, MapAnalysis, RuleAnalysis
from ..documents.settings import unusual, with_settings
from ..errors import InputError, InputTypeError
from ..fields import FIELDS
from ..reports.value import Report
from ..rules import RULES
from ..spectra.dense import Spectrum

_SAME = 1e-6  # relative to the largest: what is closer counts as one multiple eigenvalue


@dataclass(frozen=True, eq=False)
class Series:
    """Complex numbers that belong together; `errors`, shape (d,) or a number, are radii of discs.

    `parts`: how many of them, in their order, are of the same equilibrium; default: all are.
    """

    label: str
    values: np.ndarray
    errors: Any = 0.0
    parts: tuple[int, ...] = ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many are of the same equilibrium, in order."""
        return self.parts or (len(self.values),)


def eigenvalue_series(given: Any) -> list[Series]:
    """The sets of eigenvalues in an array, a Spectrum, a (part of a) report, or a mapping to such."""
    return _usable(_series(given, ("flows",), FlowAnalysis, "eigenvalues"), "eigenvalues")


def multiplier_series(given: Any) -> list[Series]:
    """The sets of multipliers in an array, a (part of a) report, or a mapping to such."""
    kinds = (RuleAnalysis, MapAnalysis)
    return _usable(_series(given, ("rules", "maps"), kinds, "multipliers"), "multipliers")


def multiple(values: np.ndarray) -> list[tuple[complex, int]]:
    """(value, how often) of complex numbers, those that agree to rounding taken together."""
    near = _SAME * float(np.abs(values).max(initial=0.0))
    groups: list[list[complex]] = []
    for value in values:
        own = next((group for group in groups if abs(group[0] - value) <= near), None)
        if own is None:
            groups.append([value])
        else:
            own.append(value)
    return [(complex(np.mean(group)), len(group)) for group in groups]


def spaced(name: str) -> str:
    """A field's or rule's name as on the command line, with room to be broken between its settings."""
    return name.replace(",", ", ").replace(":", ", ").replace("=-", "=−")


def _series(given: Any, parts: tuple[str, ...], kinds: Any, what: str) -> list[Series]:
    if isinstance(given, Report):
        return _pooled([own for e in given.equilibria for own in _series(e, parts, kinds, what)])
    if isinstance(given, EquilibriumAnalysis):
        analyses = [analysis for part in parts for analysis in getattr(given, part)]
        return [own for analysis in analyses for own in _series(analysis, parts, kinds, what)]
    if isinstance(given, kinds):
        values = getattr(given, what)
        return [] if values is None else [Series(_name(given), values, given.error_bound or 0.0)]
    if isinstance(given, Mapping):
        found = []
        for name, own in given.items():
            inside = _series(own, parts, kinds, what)
            alone = len(inside) == 1
            found += [
                Series(str(name) if alone else f"{name}: {s.label}", s.values, s.errors)
                for s in inside
            ]
        return found
    if isinstance(given, Spectrum):
        return [Series("", given.eigenvalues, given.errors)]
    try:
        return [Series("", np.atleast_1d(np.asarray(given, dtype=complex)).ravel())]
    except (TypeError, ValueError):
        raise InputTypeError(
            f"{what} are an array of complex numbers, a report or part of one, not {given!r}"
        ) from None


def _usable(found: list[Series], what: str) -> list[Series]:
    usable = [own for own in found if len(own.values)]
    if not usable:
        raise InputError(f"there are no {what} to draw")
    for own in usable:
        if not np.isfinite(own.values).all():
            raise InputError(f"the {what} to draw are finite numbers")
    return usable


def _name(analysis: Any) -> str:
    if isinstance(analysis, MapAnalysis):
        return "map"
    if isinstance(analysis, FlowAnalysis):
        return _unusual(analysis.field, analysis.settings, FIELDS.get(analysis.field))
    rule = _unusual(analysis.rule, analysis.settings, RULES.get(analysis.rule))
    if analysis.field in ("gradient", "given"):
        return rule
    usual = FIELDS.get(analysis.field)
    return f"{rule}\non {_unusual(analysis.field, analysis.field_settings, usual)}"


def _unusual(name: str, own: Mapping[str, Any], usual: Any) -> str:
    """A field or rule with its step size and the settings that are not the usual ones."""
    shown = {"lr", *unusual(own, usual)}
    return with_settings(name, {k: v for k, v in own.items() if k in shown})


def _pooled(found: list[Series]) -> list[Series]:
    """What several equilibria have of the same flow or rule, together."""
    labels = dict.fromkeys(own.label for own in found)
    pooled = []
    for label in labels:
        same = [own for own in found if own.label == label]
        errors = [np.broadcast_to(own.errors, own.values.shape) for own in same]
        where = f" at {len(same)} equilibria" if len(same) > 1 else ""
        values = np.concatenate([own.values for own in same])
        parts = tuple(len(own.values) for own in same)
        pooled.append(Series(f"{label}{where}", values, np.concatenate(errors), parts))
    return pooled
