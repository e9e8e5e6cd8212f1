"""The conditions under which GAN training is locally stable (Nagarajan, Kolter 2017)."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from ..equilibria.equilibrium import complement
from ..games.game import Game
from ..games.sets import has_limits_at
from ..games.symbolic import SymbolicGame
from ..penalties.nagarajan_kolter import discriminator_of
from .conditions import AT_LIMITS, EPS, NotApplicable
from .local_stability import local_stability
from .nagarajan_kolter_checks import ExactPoint, Field, Surroundings, three_conditions
from .point import GamePoint, defined_point
from .saddle_bounds import EigenvalueBounds, eigenvalue_bounds
from .verdict import Verdict


@dataclass(frozen=True)
class NagarajanKolterConditions:
    """The three conditions at a point, and what they imply; see `stability.nagarajan_kolter`.

    - `discriminator`: the player taken for D.
    - `realisable`, `concave`, `full_rank`: the conditions 1, 2 and 3.
    - `manifold_dimension`: of the equilibria through the point on whose complement 2 and 3 hold.
    - `defect`: ‖J − [[−Q, P], [−Pᵀ, 0]]‖ / ‖J‖ in Frobenius norms, None where there is no J.
    - `bounds`: what the theorem says of the eigenvalues across the equilibria, if its conditions hold.
    - `implied`: the stability that the theorem gives; undecided where a condition fails, as it says nothing.
    - `linearised`: the stability that the Jacobian's own eigenvalues give.
    """

    discriminator: str
    realisable: Verdict
    concave: Verdict
    full_rank: Verdict
    manifold_dimension: int
    defect: float | None
    bounds: EigenvalueBounds | None
    implied: Verdict
    linearised: Verdict

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The three conditions and what they imply, by name."""
        return {
            "realisable": self.realisable,
            "concave": self.concave,
            "full_rank": self.full_rank,
            "implied": self.implied,
        }

    def __str__(self) -> str:
        of = f", discriminator {self.discriminator}" if self.discriminator else ""
        rows = {
            "1 realisable": self.realisable,
            "2 concave": self.concave,
            "3 full rank": self.full_rank,
            "they imply": self.implied,
            "the Jacobian": self.linearised,
        }
        lines = (f"{name:15}{verdict}" for name, verdict in rows.items())
        wrapped = (textwrap.fill(line, 80, subsequent_indent=" " * 15) for line in lines)
        return "\n".join([f"Nagarajan–Kolter conditions{of}", *wrapped])

    def to_dict(self) -> dict[str, Any]:
        """The value as JSON-ready data."""
        b = self.bounds
        return {
            "discriminator": self.discriminator,
            **{name: verdict.to_dict() for name, verdict in self.verdicts.items()},
            "linearised": self.linearised.to_dict(),
            "manifold_dimension": self.manifold_dimension,
            "defect": self.defect,
            "bounds": None
            if b is None
            else {"real": list(b.real), "complex": None if b.complex is None else list(b.complex)},
        }


def nagarajan_kolter(
    game: Game | SymbolicGame,
    x: Any,
    discriminator: str | None = None,
    *,
    parameters: Mapping[Any, Any] | None = None,
) -> NagarajanKolterConditions:
    """The conditions of Nagarajan and Kolter (2017) at the point x of a two-player GAN, in their local form.

    With V = −L_D, discriminator D (parameters θ_D), generator G:

    1. *realisable* (assumptions I and IV): x rests, G's own Hessian ∇²_GG L_G vanishes there, and the two
       players' mixed derivatives are opposite. So it is where p_G = p_data and D is zero on the data: then
       nothing that G alone does changes anything, to second order.
    2. *concave* (assumptions II and III): Q = −∇²_DD V ≻ 0.
    3. *full rank* (assumption III): ∇²_GG ‖∇_D V‖² ≻ 0. That is 2PᵀP with P = ∇²_DG V, because the other
       terms carry the factor ∇_D V = 0; so P has full column rank, which takes no more parameters of G than
       of D.

    Then J = [[−Q, P], [−Pᵀ, 0]], and every eigenvalue has a negative real part (theorem 3.1;
    see `eigenvalue_bounds`): training is exponentially stable, though V need not be concave–convex.

    2 and 3 may hold on complements of kernels instead, if the kernels are tangent to equilibria: then x lies
    on a manifold of equilibria and the conclusion is stability across it. A kernel direction of Q has to be
    one of Pᵀ too, since otherwise it is none of J. The paper asks that ‖∇_D V‖² be constant on straight
    lines along the kernel (property I); what its proof uses is the manifold, which may be curved, and this is
    checked: in exact numbers on the plane of the kernels, else by walking along them and back to rest.

    **Arguments:** `game`: of two players, of either engine; `x`: d numbers or variable ↦ number, exact for a
    symbolic game if they are; `discriminator`: D's name; left out, as in the penalty `NagarajanKolter`;
    `parameters`: values for a symbolic game's parameters, over its own.

    At limits of the players' sets all is undecided.

    Raises InputError if it is not clear who the discriminator is, and for a point of another shape.
    """
    return nagarajan_kolter_at(defined_point(game, x, parameters), discriminator)


def nagarajan_kolter_at(
    point: GamePoint, discriminator: str | None = None
) -> NagarajanKolterConditions:
    """`nagarajan_kolter` at a point whose derivatives are known."""
    partition, e = point.game.partition, point.equilibrium
    if len(partition.players) != 2:
        text = (
            f"the conditions are about two players, and this game has {len(partition.players)}, so they "
            "do not apply"
        )
        applies = NotApplicable("undecided", None, None, "exact", text)
        return _undecided(applies, applies, "")
    d = discriminator_of(point.game, discriminator)
    name = partition.players[d]
    if has_limits_at(point.game.sets, point.equilibrium.point):
        text = AT_LIMITS.format("the conditions of Nagarajan and Kolter are")
        silent = Verdict("undecided", None, None, "numeric", text)
        return _undecided(silent, silent, name)
    if point.trouble is not None:
        rests = point.trouble
        if e.differentiable:
            rests = Verdict("no", e.residual, e.residual, "numeric", rests.because)
        return _undecided(rests, point.trouble, name)
    numeric, exact, error = point.derivatives
    slices = partition.slices
    jacobian = np.concatenate(
        [-h[own] for h, own in zip(np.asarray(numeric.hessians), slices, strict=True)]
    )
    in_sympy = None
    if exact is not None:
        rows = [-h[own, :] for h, own in zip(exact.hessians, slices, strict=True)]
        in_sympy = ExactPoint(sympy.Matrix.vstack(*rows), point.rests_on)
    field = Field(point.evaluate, e.point, point.box, e.isolated == "yes")
    uncertainty = 4 * EPS * np.abs(jacobian) + error
    return judge(Surroundings(partition, d, jacobian, uncertainty, field, in_sympy))


def judge(at: Surroundings) -> NagarajanKolterConditions:
    """The conditions, what they imply, and what the Jacobian itself says, at a point at rest."""
    first, second, third = three_conditions(at)
    left_d, left_g = second.tangent.basis, third.tangent.basis
    tangent = np.concatenate([at.embedded(at.d, left_d), at.embedded(1 - at.d, left_g)], axis=1)
    exact = None if at.exact is None else at.exact.jacobian
    own = local_stability("flow", at.jacobian, at.uncertainty, exact, tangent=tangent).verdict
    verdicts = (first, second.verdict, third.verdict)
    bounds = None
    implied = _nothing_implied(verdicts)
    if implied is None:
        q, p = -at.block("D", "D")[0], at.block("D", "G")[0]
        across_d, across_g = complement(left_d), complement(left_g)
        if across_d.shape[1]:
            bounds = eigenvalue_bounds(across_d.T @ q @ across_d, across_d.T @ p @ across_g)
        implied = _implied(verdicts, bounds, tangent.shape[1])
    return NagarajanKolterConditions(
        at.names[0], *verdicts, tangent.shape[1], at.defect, bounds, implied, own
    )


def _nothing_implied(verdicts: Sequence[Verdict]) -> Verdict | None:
    words = {"no": "fails", "undecided": "is undecided"}
    failing = [f"{i} {words[v.verdict]}" for i, v in enumerate(verdicts, 1) if v.verdict in words]
    if not failing:
        return None
    text = f"condition {', '.join(failing)}, so the theorem says nothing of stability"
    return Verdict("undecided", None, None, "numeric", text)


def _implied(verdicts: Sequence[Verdict], bounds: EigenvalueBounds | None, k: int) -> Verdict:
    evidence = "exact" if all(v.evidence == "exact" for v in verdicts) else "numeric"
    if bounds is None:
        return Verdict("neutral", None, None, evidence, "every point nearby is an equilibrium")
    across = f" across the {k}-dimensional manifold of equilibria" if k else ""
    text = (
        f"the three conditions hold, so every eigenvalue{across} has a real part of at most "
        f"{bounds.abscissa:.6g}"
    )
    return Verdict("exponentially stable", bounds.abscissa, -bounds.abscissa, evidence, text)


def _undecided(first: Verdict, others: Verdict, discriminator: str) -> NagarajanKolterConditions:
    """Where there is no Jacobian to look at, or where it is not the point's to decide."""
    return NagarajanKolterConditions(
        discriminator, first, others, others, 0, None, None, others, others
    )
