"""Explicit Runge–Kutta steps from their tableaux."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from ..dynamics.positive_settings import check_real
from ..errors import InputError, InputTypeError
from .limits import project, sets_of
from .rule import Rule, State, check_lr, coefficient

HALF, THIRD, SIXTH = Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)


class Tableau(Rule):
    """k_s = v(x + h Σ_{r<s} a_sr k_r), x ← x + h Σ_s b_s k_s (Hairer, Nørsett, Wanner 1993, II.1)."""

    a: Any
    b: Any

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        slopes: list[Any] = []
        for weights in self.a:
            slopes.append(flow(self._moved(flow, x, weights, slopes)))
        return (self._moved(flow, x, self.b, slopes),)

    def _moved(self, flow: Any, x: Any, weights: Any, slopes: list[Any]) -> Any:
        terms = [coefficient(w, x) * k for w, k in zip(weights, slopes, strict=True) if w != 0]
        return project(flow, x + self.along(flow, sum(terms[1:], terms[0]))) if terms else x


@dataclass(frozen=True)
class RungeKutta(Tableau):
    """The explicit Runge–Kutta step of a tableau.

    - `a`: rows of the strictly lower triangle, `((), (1/2,))` for two stages.
    - `b`: the weights, one for each stage, that add up to one. Fractions stay exact in SymPy.

    Raises InputError for a tableau that is not explicit or not consistent.
    """

    a: tuple[tuple[Any, ...], ...] = ((),)
    b: tuple[Any, ...] = (1,)
    lr: Any = 0.1
    name: ClassVar[str] = "runge-kutta"

    def __post_init__(self):
        check_lr(self.name, self.lr)
        try:
            object.__setattr__(self, "a", tuple(tuple(row) for row in self.a))
            object.__setattr__(self, "b", tuple(self.b))
        except TypeError:
            raise InputTypeError("a tableau is given by rows a and weights b") from None
        for number in (*(n for row in self.a for n in row), *self.b):
            if not isinstance(number, Fraction):
                check_real(number, "an entry of a tableau")
        if [len(row) for row in self.a] != list(range(len(self.b))) or not self.b:
            raise InputError(
                "an explicit tableau has rows a of 0, 1, 2, … entries and one weight b for each row"
            )
        if abs(float(sum(self.b)) - 1) > 1e-14:
            raise InputError("the weights b of a tableau add up to one")

    def check(self, flow: Any) -> None:
        super().check(flow)
        if sets_of(flow) is not None and any(float(sum(row)) < 0 for row in self.a):
            raise InputError(
                "a tableau with a stage at a time before the step (a row of a with a negative sum) rests "
                "elsewhere than the field where players live in sets"
            )


@dataclass(frozen=True)
class Heun(Tableau):
    """x ← x + h/2 (v(x) + v(x + h v(x))), the Runge–Kutta step of order two (Heun 1900)."""

    lr: Any = 0.1
    name: ClassVar[str] = "heun"
    a: ClassVar[Any] = ((), (1,))
    b: ClassVar[Any] = (HALF, HALF)

    def __post_init__(self):
        check_lr(self.name, self.lr)


@dataclass(frozen=True)
class RK4(Tableau):
    """The classical Runge–Kutta step of order four (Kutta 1901; ODE-GAN, Qin et al. 2020)."""

    lr: Any = 0.1
    name: ClassVar[str] = "rk4"
    a: ClassVar[Any] = ((), (HALF,), (0, HALF), (0, 0, 1))
    b: ClassVar[Any] = (SIXTH, THIRD, THIRD, SIXTH)

    def __post_init__(self):
        check_lr(self.name, self.lr)
