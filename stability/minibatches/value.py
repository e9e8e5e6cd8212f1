"""What is known of a rule's steps on minibatches, near an equilibrium."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..verdicts.verdict import Verdict, finite

Method = Literal["moments", "enumeration", "Monte Carlo"]
FEW = 8  # variables whose standard deviations are printed one by one


@dataclass(frozen=True, eq=False)
class Noise:
    """A rule's steps on minibatches drawn anew, linearised at an equilibrium: δ⁺ = M δ + g with random M, g.

    - `rule`, `settings`, `variables`; `batch` of `samples`, drawn with `replacement` or not; `fresh`: whether
      every evaluation of the field has a minibatch of its own, else one serves for the whole step.
    - `method`: "moments" (exact), "enumeration" of all minibatches (exact) or "Monte Carlo" over `draws` of
      them; None where nothing was computed.
    - `field_covariance`: of a minibatch's field at the point, shape (d, d).
    - `mean_square_radius`: the spectral radius of P ↦ E[M P Mᵀ], `error_bound` its error (three standard
      errors, for Monte Carlo), and `stability`: whether it is below one.
    - `mean_square_lr`: shaped like `lr`, the supremum of the step sizes for which every smaller one is
      mean-square stable; None if every one is, or where nothing was computed.
    - `covariance`, shape (d, d), and `shift`, shape (d,): of the stationary iterate, and its mean less the
      point; `additive_covariance`: what the covariance would be if all samples had the mean Jacobian. None
      where the step is not mean-square stable.
    - `trace_error`: three standard errors of the covariance's trace, for Monte Carlo.
    - `because`: a sentence on the stationary iterate.
    """

    rule: str
    settings: Mapping[str, Any]
    variables: Sequence[str]
    batch: int
    samples: int
    replacement: bool
    fresh: bool
    field_covariance: np.ndarray | None
    stability: Verdict
    method: Method | None = None
    draws: int | None = None
    mean_square_radius: float | None = None
    error_bound: float | None = None
    mean_square_lr: Any = None
    covariance: np.ndarray | None = None
    additive_covariance: np.ndarray | None = None
    shift: np.ndarray | None = None
    trace_error: float | None = None
    because: str = ""

    @property
    def standard_deviation(self) -> np.ndarray | None:
        """Of every variable in the stationary iterate, shape (d,)."""
        return None if self.covariance is None else np.sqrt(np.diag(self.covariance).clip(0.0))

    @property
    def trace(self) -> float | None:
        """E‖x − E[x]‖² of the stationary iterate."""
        return None if self.covariance is None else float(np.trace(self.covariance))

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON-ready data; covariances by their standard deviations and traces."""
        names, deviations = list(self.variables), self.standard_deviation
        additive = self.additive_covariance
        return {
            "batch": self.batch,
            "samples": self.samples,
            "replacement": self.replacement,
            "fresh": self.fresh,
            "method": self.method,
            "draws": self.draws,
            "mean_square_radius": finite(self.mean_square_radius),
            "error_bound": finite(self.error_bound),
            "mean_square_lr": self.mean_square_lr,
            "mean_square_stability": self.stability.to_dict(),
            "standard_deviation": _by_name(names, deviations),
            "shift": _by_name(names, self.shift),
            "trace": finite(self.trace),
            "trace_error": finite(self.trace_error),
            "additive_trace": None if additive is None else finite(np.trace(additive)),
            "because": self.because,
        }

    def sentences(self) -> list[str]:
        """What a report says."""
        how = "with" if self.replacement else "without"
        said = [
            f"Minibatches of {self.batch} of {self.samples} samples, drawn {how} replacement: "
            f"mean-square stable: {self.stability.verdict}, {self.stability.because}."
        ]
        if self.mean_square_radius is not None:
            error = f" (error at most {self.error_bound:.2g})" if self.error_bound else ""
            if self.draws:
                error = (
                    f" ± {self.error_bound:.2g} (three standard errors, {self.draws} minibatches)"
                )
            said[0] += f" Radius of the second moments {self.mean_square_radius:.9g}{error}."
            said[0] += f" Mean-square critical lr: {_written(self.mean_square_lr)}."
        return [*said, f"{self.because[:1].upper()}{self.because[1:]}."]

    def __str__(self) -> str:
        settings = ", ".join(f"{k}={v}" for k, v in self.settings.items())
        lines = [f"{self.rule} ({settings})", *(f"  {text}" for text in self.sentences())]
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)


def deviations_text(variables: Sequence[str], values: np.ndarray) -> str:
    """Standard deviations by variable, or of many only the largest."""
    if len(values) > FEW:
        largest = int(values.argmax())
        return f"at most {values[largest]:.6g} (in {variables[largest]})"
    return ", ".join(f"{name} {value:.6g}" for name, value in zip(variables, values, strict=True))


def _by_name(names: Sequence[str], values: np.ndarray | None) -> dict[str, float | None] | None:
    return None if values is None else {n: finite(v) for n, v in zip(names, values, strict=True)}


def _written(lr: Any) -> str:
    if lr is None:
        return "no limit"
    if isinstance(lr, Mapping):
        return ", ".join(f"{player or 'others'} {value:.6g}" for player, value in lr.items())
    return f"{lr:.6g}"
