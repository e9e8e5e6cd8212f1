"""What is said of a coefficient that decides, and of one that does not."""

from __future__ import annotations

import math
import re

import sympy

from ..documents.formulas import readable
from ..documents.numbers import number
from ..spectra.exact import exact_text
from ..spectra.value import Evidence
from .value import Case, Law, NormalForm, Word

_LONGEST, _LONGEST_IN_SENTENCE = 80, 24  # characters of a closed form
_MANY_DIGITS = re.compile(r"\d{7}")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_ORDINALS = {2: "first", 3: "first", 5: "second", 7: "third", 9: "fourth", 11: "fifth"}
_NAMES = {
    2: "quadratic", 3: "cubic", 4: "quartic", 5: "quintic", 6: "sextic", 7: "septic", 8: "octic", 9: "nonic"
}  # fmt: skip


def by_coefficient(
    case: Case,
    order: int,
    coefficient: float,
    *,
    exact: sympy.Expr | None = None,
    error: float | None = None,
    evidence: Evidence = "numeric",
    with_law: bool = True,
    note: str = "",
) -> NormalForm:
    """The verdict of the first coefficient that does not vanish.

    **Arguments:**

    - `case`, `order`, `coefficient`: as a `NormalForm` has them; only for "flip" positive is stable.
    - `exact`: the coefficient in closed form; `error`: a bound of its error; `evidence`: how it was found.
    - `with_law`: whether orbits decay like a power with one constant.
    - `note`: what is added to the sentence.
    """
    text = closed_form(exact)
    even = case in ("zero", "one") and order % 2 == 0
    stable = not even and (coefficient > 0 if case == "flip" else coefficient < 0)
    law = _law(case, order, abs(coefficient)) if stable and with_law else None
    shown = _shown(coefficient, text)
    name = called(case, order)
    if stable:
        time = "t" if case in ("zero", "hopf") else "n"
        slow = f": the error shrinks like {law.text(time)}" if law is not None else ""
        because = f"{name} is {shown}{slow}{note}"
    elif even:
        because = f"{name} is {shown}, not zero: orbits leave on one side{note}"
    else:
        side = "< 0" if case == "flip" else "> 0"
        because = f"{name} is {shown} {side}: orbits leave{note}"
    word: Word = "asymptotically stable" if stable else "unstable"
    return NormalForm(word, because, case, order, coefficient, text, error, evidence, law)


def undecided(
    case: Case,
    because: str,
    order: int | None = None,
    coefficient: float | None = None,
    error: float | None = None,
) -> NormalForm:
    """No verdict, and why; with the coefficient that would decide, where there is one."""
    return NormalForm("undecided", because, case, order, coefficient, None, error)


def closed_form(exact: sympy.Expr | None) -> str | None:
    """The shortest of some spellings of a closed form, unless it is too long to read."""
    if exact is None:
        return None
    text = exact_text(exact)
    return text if len(text) <= _LONGEST else None


def called(case: Case, order: int) -> str:
    """The name of a coefficient, with its article."""
    if case == "hopf":
        return f"the {_ORDINALS[order]} Lyapunov coefficient"
    if case == "flip":
        return f"the {_NAMES[order]} coefficient of the flip's normal form"
    if case in ("zero", "one"):
        return f"the {_NAMES[order]} coefficient on the centre manifold"
    if case == "resonance":
        return f"the deciding coefficient of order {order} at the resonance"
    return f"the coefficient of order {order} of the Neimark–Sacker normal form"


def term(coefficient: float, variable: str, power: int) -> str:
    """`−x³`, `2.5 r`: a coefficient times a power, in a sentence."""
    size = {"1": "", "−1": "−"}.get(shown := number(coefficient), f"{shown} ")
    raised = "" if power == 1 else str(power).translate(_RAISED)
    return f"{size}{variable}{raised}" if power else shown


def _shown(coefficient: float, text: str | None) -> str:
    if text is not None and len(text) <= _LONGEST_IN_SENTENCE and not _MANY_DIGITS.search(text):
        return readable(text)
    return number(coefficient)


def _law(case: Case, order: int, size: float) -> Law:
    """The distance in the end: |u|, or for a pair √2 |z|, from u̇ = −size · u^order."""
    constant = ((order - 1) * size) ** (-1 / (order - 1))
    return Law(1 / (order - 1), constant * (1 if case in ("zero", "one", "flip") else math.sqrt(2)))
