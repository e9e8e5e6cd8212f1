"""What decides on the circle: the normal form of a map at e^{±iθ}, resonant terms included.

After the rotation is taken out the normal form is z⁺ = z (1 + Σ γ_k |z|^{2k}) + resonant terms, of which
z̄^{j−1} is the first where e^{ijθ} = 1 (Arnold, Geometrical Methods, §34–35). In polar coordinates
r⁺ = r + r R(r, φ), φ⁺ = φ + Φ(r, φ), where resonant terms depend on φ.

- Until a resonant term enters, the first mean of R that does not vanish decides.
- A resonant term b z̄^{n} of order n with nothing before it, beside γ z|z|^{n−1}: the leading part is
  homogeneous, R = Re γ + |b| cos ψ, Φ = Im γ − |b| sin ψ with ψ = jφ + const. Where Φ has zeros, rays are
  invariant, with R = Re γ ± √(|b|² − (Im γ)²); where it has none, the mean of R/Φ over a turn has the sign of
  Re γ / Im γ. So Re γ + √max(0, |b|² − (Im γ)²) decides by its sign, through a homogeneous Lyapunov function,
  and terms of higher order change nothing. (n = 2: 1:3. n = 3: 1:4.)
- A twist, Im γ_k ≠ 0 at order s < n, before the resonant term: φ runs through all values, and the term is
  averaged away (`averaging`): V = r − r^{n−s+1} |b| sin ψ / (j Im γ_k) in the place of r, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sympy

from .averaging import averaged_rates
from .pairs import PairField, PairNumber
from .series import Part, packed


@dataclass(frozen=True)
class Decision:
    """The number whose sign decides at an order, in K: `rational` + √`root`, before scaling to ‖q‖ = 1.

    `sign` is −1 (stable), 1 or 0 (undecided, for the reason `why`). `resonant`: a resonant term takes part.
    """

    sign: int
    order: int
    rational: Any = None
    root: Any = None
    resonant: bool = False
    why: str | None = None

    @property
    def has_law(self) -> bool:
        """Whether orbits decay with one constant: along a ray, or where no angle matters."""
        return not self.resonant or bool(self.root)


@dataclass
class CircleOrders:
    """Judges the orders of a map's normal form one after the other; see the module.

    `pairs` is the field of its coefficients, `inverse` says that the map's inverse is meant.
    """

    pairs: PairField
    inverse: bool = False
    _gammas: list[PairNumber] = field(default_factory=list)
    _turned: list[Part] = field(
        default_factory=lambda: [{}, {}]
    )  # by degree, the rotation taken out
    _twisted: bool = False
    _resonant: bool = False

    def judge(self, order: int, term: Part) -> Decision | None:
        """What the normal form's part of that order decides, or None if nothing; orders are taken in turn."""
        back = self.pairs.eigenvalue.conjugate()
        gamma, others = self._turned_back(order, term)
        if others and not self._twisted:
            return self._homogeneous(order, gamma, others)
        radial = self.radial(order, term)
        self._turned.append({m: back * a for m, a in term.items()})
        self._resonant |= bool(others)
        if self._resonant and order % 2:
            radial = averaged_rates(self._turned, self.pairs)[-1][1]
        if radial is not None and not self.pairs.over.is_zero(radial):
            return Decision(self._sign(radial), order, self._directed(radial))
        self._twisted |= not self.pairs.over.is_zero(gamma.b)
        return None

    def _turned_back(self, order: int, term: Part) -> tuple[PairNumber, dict[int, PairNumber]]:
        """γ at an odd order, and the resonant terms, after the rotation."""
        back = self.pairs.eigenvalue.conjugate()
        plain = packed(((order + 1) // 2, order // 2)) if order % 2 else None
        gamma = back * term[plain] if plain in term else self.pairs.zero
        others = {m: back * a for m, a in term.items() if m != plain and not self.pairs.is_zero(a)}
        return gamma, others

    def radial(self, order: int, term: Part) -> Any:
        """Half of the coefficient of r^{order−1} in |1 + Σ γ_k r^{2k}|²: R's mean, if those before are 0.

        None at even orders; orders are taken in turn.
        """
        if order % 2 == 0:
            return None
        gamma, _ = self._turned_back(order, term)
        self._gammas.append(gamma)
        k, total = len(self._gammas), gamma.real
        for i in range(1, k):
            total = total + (self._gammas[i - 1] * self._gammas[k - i - 1].conjugate()).real / 2
        return total

    def _homogeneous(
        self, order: int, gamma: PairNumber, others: dict[int, PairNumber]
    ) -> Decision:
        over = self.pairs.over
        if list(others) != [packed((0, order))]:
            return Decision(0, order, resonant=True, why="the blow-up of two resonant terms")
        b = others[packed((0, order))]
        real = self._directed(gamma.real)
        root = (b * b.conjugate()).real - (gamma * gamma.conjugate()).real + real * real
        if over.is_zero(root) or over.value(root) < 0:
            root = over.zero
        if over.is_zero(real):
            sign = 1 if root else 0
        elif over.value(real) > 0 or not root:
            sign = _sign_of(over.value(real))
        else:
            difference = root - real * real
            sign = 0 if over.is_zero(difference) else _sign_of(over.value(difference))
        why = None if sign else "the higher orders at a resonance whose leading terms are neutral"
        return Decision(sign, order, real, root, True, why)

    def _directed(self, number: Any) -> Any:
        """The inverse of r⁺ = r + d r^n is r⁺ = r − d r^n + …."""
        return -number if self.inverse else number

    def _sign(self, radial: Any) -> int:
        return _sign_of(self.pairs.over.value(self._directed(radial)))


def _sign_of(value: Any) -> int:
    return 1 if value > 0 else -1


def decided_by(decision: Decision, expression: Any) -> sympy.Expr:
    """The deciding number as a SymPy expression; `expression` turns an element of K into one."""
    rational = expression(decision.rational)
    return rational + sympy.sqrt(expression(decision.root)) if decision.root else rational


def resonance(eigenvalue: PairNumber, pairs: PairField, highest: int) -> int | None:
    """The least j up to `highest` with λ^j = 1, or None."""
    power = pairs.one
    for j in range(1, highest + 1):
        power = power * eigenvalue
        if pairs.is_zero(power - pairs.one):
            return j
    return None
