"""What was found out where the linearisation is silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from ..documents.numbers import number
from ..spectra.value import Evidence

Case = Literal[
    "zero", "hopf", "one", "flip", "neimark-sacker", "resonance", "degenerate", "kink"
]  # which eigenvalues are on the boundary: 0, ±iω, 1, −1, e^{±iθ}, a resonant pair, more or none of these
Word = Literal[
    "exponentially stable", "asymptotically stable", "neutral", "unstable", "undecided"
]  # the first only at kinks


@dataclass(frozen=True)
class Law:
    """How orbits come near: distance ≈ constant · t^(−exponent), root mean square over a turn.

    For a map t counts its steps.
    """

    exponent: float
    constant: float

    def text(self, time: str) -> str:
        """The law in three digits, as in 2.83/√t; `time` names what passes: t, or n steps."""
        power = Fraction(self.exponent).limit_denominator(64)
        root = {Fraction(1): time, Fraction(1, 2): f"√{time}"}.get(power, f"{time}^({power})")
        return f"{number(self.constant, 3)}/{root}"


@dataclass(frozen=True)
class NormalForm:
    """What decides at a rest point of a flow or a map where no eigenvalue grows and some are neutral.

    - `verdict`: the stability, or "undecided".
    - `because`: one sentence for people: the coefficient, the invariant, or the theorem that would be needed.
    - `case`, `order`, `coefficient`: the first coefficient that does not vanish, in the scaling ‖q‖ = 1,
      ⟨p, q⟩ = 1 (r⁺ = r + d r^order and the like; for "zero" and "one" the sign of an even one is that of q
      with its largest entry positive). None where there is none.
    - `exact`: the coefficient in closed form, as text; `error_bound`: of `coefficient`.
    - `evidence`: "exact" where the verdict was decided in exact arithmetic.
    - `law`: of decay, where the verdict is asymptotic stability with a power law.
    - `invariant`: what is conserved, as text in the variables, or `reason`: the symmetry or the theorem,
      where the verdict is "neutral".
    """

    verdict: Word
    because: str
    case: Case
    order: int | None = None
    coefficient: float | None = None
    exact: str | None = None
    error_bound: float | None = None
    evidence: Evidence = "numeric"
    law: Law | None = None
    invariant: str | None = None
    reason: str | None = None

    def to_dict(self) -> Mapping[str, Any]:
        """The normal form as JSON-ready data, as the key `normal_form` of a report has it."""
        law = self.law
        found: dict[str, Any] = {
            "case": self.case,
            "order": self.order,
            "coefficient": self.coefficient,
            "exact": self.exact,
            "law": None if law is None else {"exponent": law.exponent, "constant": law.constant},
            "error_bound": self.error_bound,
            "evidence": self.evidence,
        }
        if self.invariant is not None:
            found["invariant"] = self.invariant
        if self.reason is not None:
            found["reason"] = self.reason
        return found
