"""Rules: how a step along a field is taken."""

from .alternating import Alternating as Alternating
from .best_response import BestResponse as BestResponse
from .competitive import Competitive as Competitive
from .competitive import LinearCompetitive as LinearCompetitive
from .extragradient import Extragradient as Extragradient
from .extragradient import Optimistic as Optimistic
from .lookahead import Lookahead as Lookahead
from .momentum import HeavyBall as HeavyBall
from .momentum import Nesterov as Nesterov
from .multiplicative_weights import MultiplicativeWeights as MultiplicativeWeights
from .multiplicative_weights import (
    OptimisticMultiplicativeWeights as OptimisticMultiplicativeWeights,
)
from .on_face import OnFace as OnFace
from .optax_rule import Optax as Optax
from .projection import Clipped as Clipped
from .projection import Projected as Projected
from .proximal import Proximal as Proximal
from .rule import Rule as Rule
from .runge_kutta import RK4 as RK4
from .runge_kutta import Heun as Heun
from .runge_kutta import RungeKutta as RungeKutta
from .simultaneous import Simultaneous as Simultaneous
from .unrolled import Unrolled as Unrolled

RULES: dict[str, type[Rule]] = {
    rule.name: rule
    for rule in (
        Simultaneous,
        Alternating,
        Extragradient,
        Optimistic,
        HeavyBall,
        Nesterov,
        Proximal,
        Lookahead,
        Heun,
        RK4,
        Competitive,
        LinearCompetitive,
        Unrolled,
        BestResponse,
        Clipped,
        Projected,
        MultiplicativeWeights,
        OptimisticMultiplicativeWeights,
    )
}


def every_rule() -> tuple[Rule, ...]:
    """Every rule that needs no set to stay in, with usual settings, lr = 0.1; momentum of either sign."""
    return (
        Simultaneous(),
        Alternating(),
        Extragradient(),
        Optimistic(),
        HeavyBall(beta=0.5),
        HeavyBall(beta=-0.5),
        HeavyBall(beta=-0.5, order="alternating"),
        Nesterov(beta=0.5),
        Lookahead(lr=0.1),
        Heun(),
        RK4(),
        Proximal(),
        Competitive(),
        LinearCompetitive(),
        Unrolled(),
        BestResponse(),
    )
