"""The value every verdict is: a word, the number that decides, its margin, the evidence and a sentence."""

import math
from dataclasses import dataclass
from typing import Any

from ..spectra.value import Evidence

STABILITY_WORDS = (
    "exponentially stable",
    "asymptotically stable",
    "neutral",
    "unstable",
    "undecided",
)


@dataclass(frozen=True)
class Verdict:
    """A verdict with its evidence.

    - `verdict`: yes, no or undecided; for stability one of `STABILITY_WORDS`.
    - `value`: the deciding number (a smallest eigenvalue, a spectral abscissa, a spectral radius), or None.
    - `margin`: how far that number is from where the verdict would change, less its error; None if it has
      no such distance. A margin below zero means that the error is larger than the distance.
    - `evidence`: `exact` (signs decided in exact arithmetic) or `numeric` (floating point, error bounded).
    - `because`: one sentence for people.
    """

    verdict: str
    value: float | None
    margin: float | None
    evidence: Evidence
    because: str

    @property
    def word(self) -> str:
        """What people read: the verdict, but where a question does not apply they read that."""
        return self.verdict

    def __str__(self) -> str:
        return f"{self.word}: {self.because}"

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON-ready data; numbers that are not finite become None."""
        return {
            "verdict": self.verdict,
            "value": finite(self.value),
            "margin": finite(self.margin),
            "evidence": self.evidence,
            "because": self.because,
        }


def finite(number: float | None) -> float | None:
    """The number as a float, or None if it is missing or not finite (JSON has no NaN)."""
    if number is None:
        return None
    number = float(number)
    return number + 0.0 if math.isfinite(number) else None  # + 0.0 turns -0.0 into 0.0
