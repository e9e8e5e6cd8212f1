"""The equilibria of a report as a formula, for notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from ..analysis.value import EquilibriumAnalysis
from ..documents.formulas import latex, latex_all, latex_name
from ..documents.numbers import LEADING, MANY, MISSING, SPACE, eigenvalues, number

MOST = 12  # equilibria in the formula


def to_latex(points: Sequence[EquilibriumAnalysis], names: Sequence[str] = ()) -> str:
    r"""The equilibria with their eigenvalues and verdicts as `$$…$$`, for MathJax or KaTeX.

    `names` are those of the system. Closed forms are used where there are any. At most twelve equilibria are
    shown.
    """
    if not points:
        return r"$$\text{no equilibrium was found}$$"
    rows = [row for e in points[:MOST] for row in _formula(e, names)]
    if len(points) > MOST:
        rows.append(rf"& \text{{and {len(points) - MOST} more}}")
    return "$$\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$$"


def _formula(e: EquilibriumAnalysis, names: Sequence[str]) -> Iterator[str]:
    where = _point(e, names)
    moving = [("\\lambda", "flow", f, f.eigenvalues, f.exact_eigenvalues) for f in e.flows]
    moving += [("\\mu", "map", m, m.multipliers, m.exact_multipliers) for m in e.maps]
    if not moving:
        yield f"& {where}"
    for letter, kind, found, values, exact in moving:
        name = getattr(found, "field", "given")
        label = rf"_{{{_words(name)}}}" if len(e.flows) > 1 else ""
        shown = _values(values, exact, names, kind, found.error_bound)
        yield rf"& {where} && {letter}{label} = {shown} && {_words(found.stability.verdict)}"
        where = ""


def _point(e: EquilibriumAnalysis, names: Sequence[str]) -> str:
    if len(e.point) > MANY:
        norm = _numbers(number(float(np.linalg.norm(list(e.point.values())))))
        return rf"x \in \mathbb{{R}}^{{{len(e.point)}}}, \; \lVert x \rVert = {norm}"
    exact = [None] if e.exact is None else [latex(text, names) for text in e.exact.values()]
    numbers = [_numbers(number(x)) for x in e.point.values()]
    values = numbers if None in exact else [text or "" for text in exact]
    return f"{_tuple([latex_name(name) for name in e.point])} = {_tuple(values)}"


def _tuple(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else rf"\left({', '.join(items)}\right)"


def _values(
    values: np.ndarray | None,
    exact: Sequence[str] | None,
    names: Sequence[str],
    kind: str,
    error: float | None,
) -> str:
    closed = latex_all(exact, names) if exact and len(exact) <= LEADING else None
    return ", \\; ".join(closed) if closed else _numbers(eigenvalues(values, kind, error))


def _numbers(text: str) -> str:
    """Numbers as `numbers` writes them, in LaTeX's mathematics."""
    out = text.replace(MISSING, r"\text{none}").replace("−", "-").replace("±", r"\pm ")
    out = out.replace("…", r"\ldots ").replace(SPACE, " ")
    for word in ("and", "more", "twice", "times"):
        out = out.replace(word, rf"\text{{ {word} }}")
    return re.sub(r"(\d)e([-+])0*(\d+)", _power_of_ten, out)


def _power_of_ten(match: re.Match[str]) -> str:
    return rf"{match[1]} \cdot 10^{{{match[2].strip('+')}{match[3]}}}"


def _words(text: str) -> str:
    return rf"\text{{{''.join(c if c.isalnum() or c in ' -' else ' ' for c in text)}}}"
