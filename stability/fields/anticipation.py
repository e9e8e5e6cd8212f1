"""Fields of players who reckon with the others' next steps: LOLA, shaping and lookahead-opponent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.settings import setting
from ..dynamics.positive_settings import check_flag, check_nonnegative
from ..dynamics.vectors import zeros_like
from ..errors import InputError
from ..games.numbers import in_engine
from .field import Field


@dataclass(frozen=True)
class LookaheadOpponent(Field):
    """Player i follows −∇ᵢLᵢ at (xᵢ, xⱼ − step·∇ⱼLⱼ for j ≠ i): it expects the others' naive next step.

    `step` ≥ 0 is the size of theirs; of players who live in sets it is the projected step. It does not
    differentiate through that step (lookahead of Zhang, Lesser 2010; Letcher et al. 2019).
    """

    step: Any = 0.1
    name: ClassVar[str] = "lookahead-opponent"

    def __post_init__(self):
        check_nonnegative(self.step, f"the step of {self.name}")

    def check(self, game: Any) -> None:
        if len(game.partition.players) < 2:
            raise InputError(f"{self.name} needs at least two players")

    def __call__(self, game: Any, x: Any) -> Any:
        self.check(game)
        v = game.field(x)
        field = v
        for i in range(len(game.partition.players)):
            field = game.partition.replaced(i, self._part(game, i, x, v), field)
        return field

    def part(self, game: Any, i: int, x: Any) -> Any:
        return self._part(game, i, x, game.field(x))

    def anticipated(self, game: Any, x: Any) -> Any:
        """Where the others' steps lead before they are projected, a vector like x."""
        return x + in_engine(game, self.step) * game.field(x)

    def _part(self, game: Any, i: int, x: Any, v: Any) -> Any:
        return game.player_field(i, self._expected(game, i, x, v))

    def _expected(self, game: Any, i: int, x: Any, v: Any) -> Any:
        """The profile that player i expects: itself at x, the others after their projected steps."""
        moved = x + in_engine(game, self.step) * others(game.partition, i, v)
        if not getattr(game, "sets", None):
            return moved
        return game.partition.replaced(i, game.partition.part(i, x), game.sets.project(moved))

    def _through(self, game: Any, i: int, x: Any, v: Any) -> Any:
        """Jᵀw, whose i-th part is −Σⱼ ∇²ᵢⱼLⱼ wⱼ: how xᵢ moves the others' v, along w = ∇ⱼLᵢ, projected."""
        slope = others(game.partition, i, game.gradient(i, x))
        return game.vjp(x, others(game.partition, i, self._before_projection(game, i, x, v, slope)))

    def _before_projection(self, game: Any, i: int, x: Any, v: Any, w: Any) -> Any:
        """What a slope w at the expected profile is before the others' steps are projected."""
        if not getattr(game, "sets", None):
            return w
        before = x + in_engine(game, self.step) * others(game.partition, i, v)
        return game.sets.pull_back(before, w)


@dataclass(frozen=True)
class LOLA(LookaheadOpponent):
    """Player i differentiates Lᵢ(xᵢ, xⱼ − step·∇ⱼLⱼ(x) for j ≠ i) through the others' naive steps.

    Learning with opponent-learning awareness (Foerster et al. 2018): the loss expanded to first order
    in `step` ≥ 0, Lᵢ − step·Σⱼ ∇ⱼLᵢ·∇ⱼLⱼ, which is also the LOLA of Letcher et al. (2019). With `exact`
    the loss itself at the anticipated point. Of players who live in sets the steps are projected: the loss is
    Lᵢ + Σⱼ ∇ⱼLᵢ·(P(xⱼ + step·vⱼ) − xⱼ), or Lᵢ at these points, and who is pushed against a limit does not
    answer. Where two players' losses add up to a constant it
    rests where the gradient field does; in other games it may rest elsewhere.
    """

    exact: bool = setting(False, read="flag")
    name: ClassVar[str] = "lola"
    keeps_equilibria: ClassVar[bool] = False
    keeps_when_zero_sum: ClassVar[bool] = True

    def __post_init__(self):
        super().__post_init__()
        check_flag(self.exact, "exact")

    def _part(self, game: Any, i: int, x: Any, v: Any) -> Any:
        step, partition = in_engine(game, self.step), game.partition
        expected = self._expected(game, i, x, v)
        if self.exact:
            path = [x, expected]
            return -anticipated_gradient(
                game,
                i,
                path,
                lambda u: step * u,
                lambda _, w: self._before_projection(game, i, x, v, w),
            )
        # −∇ᵢ(Lᵢ + ∇Lᵢ·moves), where ∇ᵢ(∇Lᵢ)·u = −(J u)ᵢ
        along = game.jvp(x, others(partition, i, expected - x))
        return partition.part(i, v + along - step * self._through(game, i, x, v))


@dataclass(frozen=True)
class Shaping(LookaheadOpponent):
    """Player i follows −∇ᵢLᵢ + step·Σⱼ ∇²ᵢⱼLⱼ ∇ⱼLᵢ: it changes what the others will do next.

    The rule of Foerster et al. (2018, §3.2), who drop the dependence of ∇ⱼLᵢ on xᵢ: of the two terms of first
    order in `step` ≥ 0 only this one is kept, the gradient of −step·Σⱼ ∇ⱼLᵢ·∇ⱼLⱼ with ∇ⱼLᵢ held still.
    `LOLA` differentiates both factors. On V = xy its eigenvalues are −step ± i.
    Of players who live in sets, who is pushed against a limit is not to be moved. Where two players' losses
    add up to a constant it rests where the gradient field does; in other games it may rest elsewhere.
    """

    name: ClassVar[str] = "shaping"
    keeps_equilibria: ClassVar[bool] = False
    keeps_when_zero_sum: ClassVar[bool] = True

    def _part(self, game: Any, i: int, x: Any, v: Any) -> Any:
        step = in_engine(game, self.step)
        return game.partition.part(i, v - step * self._through(game, i, x, v))


def others(partition: Any, i: int, vector: Any) -> Any:
    """The vector with player i's rows set to zero."""
    return partition.replaced(i, zeros_like(partition.part(i, vector)), vector)


def anticipated_gradient(
    game: Any, i: int, path: list[Any], scale: Any, pull_back: Any = lambda k, w: w
) -> Any:
    """d/dxᵢ of Lᵢ at the end of the path z₀, z₁, …, z_k, where the others step: z_{j+1} = z_j + H v_{−i}(z_j)
    with H the linear map `scale`.

    By the chain rule, backwards: with w = ∇_{−i}Lᵢ(z_k) each step adds (∂v_{−i}/∂xᵢ)ᵀHw to the gradient and
    (∂v_{−i}/∂x_{−i})ᵀHw to w.

    Where the k-th step is followed by a projection, `pull_back(k, w)` is its derivative's transpose times w.
    """
    partition = game.partition
    slope = game.gradient(i, path[-1])
    gradient, w = partition.part(i, slope), others(partition, i, slope)
    for k in reversed(range(len(path) - 1)):
        z, w = path[k], others(partition, i, pull_back(k, w))
        pulled = game.vjp(z, scale(w))
        gradient = gradient + partition.part(i, pulled)
        w = w + others(partition, i, pulled)
    return gradient
