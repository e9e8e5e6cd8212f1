"""A rule's linearised step as a function of its numbers: step sizes, momentum, strengths of penalties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow
from ..dynamics.linearisation import Linearisation, Products
from ..dynamics.partition import Partition
from ..errors import InputError
from .linearisation import check_finite, moving_state, step_of_moving
from .matrix_free import DENSE, LargeFlow, check_no_matrix, without_matrices
from .momentum import HeavyBall, Nesterov
from .optax_rule import Optax, named_optax, optax_constructor, optax_settings
from .rule import Rule, each

# in the order in which an optimiser of optax is asked for them
_OPTAX_MOMENTUM = ("b1", "momentum")


class StepFamily:
    """∂F/∂state of a rule's step F on the moving part of its state, at one point, for all its numbers.

    The numbers are one vector: the players' step sizes, in player order; the rule's momentum, if it has one;
    and a weight for each penalty, by which its strength is multiplied. One program is compiled for all of
    them. The state is held as it is, second moments and counts included, while the numbers vary.

    **Arguments:**

    - `rule`, `flow`, `x`, `state`: as in `linearise_rule`.
    - `terms`: for each penalty with a weight, how many of the last terms of the game's losses are its own.
    - `period`: every how many steps the penalties are applied, then with `period` times their strengths
      (lazy regularisation, Karras et al. 2020, appendix B); F is then that many steps.

    Raises InputError as `linearise_rule` does, and for a rule without step sizes.
    """

    def __init__(
        self,
        rule: Rule,
        flow: Flow,
        x: Any,
        state: Sequence[Any] | None = None,
        *,
        terms: Sequence[int] = (),
        period: int = 1,
    ):
        rule.check(flow)
        if rule.lr is None:
            raise InputError(f"{rule.name} has no step size that could be advised on")
        self.rule, self._moves, self._own, self._held, self._sizes = moving_state(
            rule, flow, x, state
        )
        self._flow, self._terms, self._period = flow, tuple(terms), period
        self.players = flow.partition.players
        self.momentum = momentum_of(self.rule)
        lrs = flow.partition.per_player(rule.lr, "lr")
        momentum = () if self.momentum is None else (self.momentum,)
        self.now = np.array([*map(float, lrs), *momentum, *(1.0 for _ in terms)])
        self.size = int(self._own.size)
        arguments = (self._held, self._numbers(self.now), flow.game and flow.game.data)
        check_no_matrix(self._stepped, rule, flow.dimension, (self._own, *arguments))
        names = ("profile", *(f"memory {k}" for k in range(1, len(self._sizes))))
        moved = [
            own for own, moves in zip(zip(names, self._sizes, strict=True), self._moves, strict=True)
            if moves
        ]  # fmt: skip
        self._products = Products(self._stepped, Partition(*map(tuple, zip(*moved, strict=True))))

    def at(self, numbers: np.ndarray, data: Any = None) -> Linearisation:
        """The operator at a vector of numbers, on the game's data or on other ones of the same shapes.

        Raises InputError where the step has no finite derivative.
        """
        game = self._flow.game
        data = (game and game.data) if data is None else tuple(data)
        linear = self._products.at(self._own, self._held, self._numbers(numbers), data)
        check_finite(linear, self.rule)
        return linear

    def step(self, own: Any, numbers: Any) -> Any:
        """The step itself, from the moving part of a state, shape (m,), to the next one."""
        game = self._flow.game
        return self._stepped(own, self._held, self._numbers(numbers), game and game.data)

    def moved(self, x: Any, state: Sequence[Any] | None = None) -> StepFamily:
        """The same at another point, with the same compiled program."""
        other = copy(self)
        found = moving_state(self.rule, self._flow, x, state)
        other._own, other._held = found.own, found.held
        return other

    def momentum_time(self, value: float) -> float:
        """How much further another momentum takes a step than that of now, in the long run, at most.

        Sums of gradients, as in heavy ball, go 1/(1 − β) times as far; averages, as in Adam, do not.
        """
        now = self.momentum
        if now is None or any(_averages(one) for one in self.rule.inside):
            return 1.0
        return max(1.0, (1 - now) / (1 - value))

    def _numbers(self, numbers: np.ndarray) -> Any:
        return jnp.asarray(numbers, self._own.dtype)

    def _stepped(self, own: Any, held: Any, numbers: Any, data: Any) -> Any:
        """What becomes of the moving part of a state in one period."""
        n, rule = len(self.players), self.rule
        rule = rule.with_lr(dict(zip(self.players, numbers[:n], strict=True)))
        if self.momentum is not None:
            rule = with_momentum(rule, numbers[n])
        if self._flow.dimension > DENSE:
            rule = without_matrices(rule)
        weights = numbers[len(numbers) - len(self._terms) :]

        def steps(own: Any, times: float) -> Any:
            each_term = [
                times * weight
                for weight, count in zip(weights, self._terms, strict=True)
                for _ in range(count)
            ]
            flow = LargeFlow(self._flow, data, each_term)
            return step_of_moving(rule, flow, self._sizes, self._moves, own, held)

        if self._period > 1:
            plain = self._period - 1
            own, _ = jax.lax.scan(lambda own, _: (steps(own, 0.0), None), own, length=plain)
        return steps(own, float(self._period))


def momentum_of(rule: Rule) -> float | None:
    """The momentum of a rule, or of what is inside it; None if there is none, or several that differ."""
    found = {own for one in rule.inside if (own := _own_momentum(one)) is not None}
    return float(found.pop()) if len(found) == 1 else None


def with_momentum(rule: Rule, value: Any) -> Rule:
    """The rule with another momentum wherever it has one; the value may be a number that JAX traces."""
    if isinstance(rule, (HeavyBall, Nesterov)):
        return replace(rule, beta=value)
    if isinstance(rule, Optax):
        name = _momentum_setting(rule)
        if name is None:
            return rule
        settings = {**dict(rule.hyperparameters), name: value}
        made = named_optax(rule.label, 1.0, settings)
        return replace(rule, transformation=made.transformation)
    if rule.inner is None:
        return rule
    return replace(rule, inner=each(rule.inner, lambda inner: with_momentum(inner, value)))  # pyright: ignore[reportArgumentType]


def _averages(rule: Rule) -> bool:
    return isinstance(rule, Optax) and _momentum_setting(rule) == "b1"


def _own_momentum(rule: Rule) -> Any:
    if isinstance(rule, (HeavyBall, Nesterov)):
        return rule.beta
    if isinstance(rule, Optax):
        name = _momentum_setting(rule)
        if name is not None:
            default = optax_settings(optax_constructor(rule.label))[name].default
            return dict(rule.hyperparameters).get(name, default)
    return None


def _momentum_setting(rule: Optax) -> str | None:
    """What an optimiser of optax calls its momentum, if it was made by name and has one."""
    try:
        constructor = optax_constructor(rule.label)
    except InputError:  # no optax
        return None
    if constructor is None or isinstance(rule.transformation, Mapping):
        return None
    known, given = optax_settings(constructor), dict(rule.hyperparameters)
    if not given.keys() <= known.keys():
        return None
    if not _acts_alike(rule.transformation, named_optax(rule.label, 1.0, given).transformation):
        return None
    for name in _OPTAX_MOMENTUM:
        if name in known and given.get(name, known[name].default) is not None:
            return name
    return None


def _acts_alike(one: Any, other: Any) -> bool:
    """Whether two transformations make the same updates of a few gradients: a label is only a label."""
    moves = []
    with jax.ensure_compile_time_eval():  # asked while a step is traced, too
        x = jnp.ones(3)
        for transformation in (one, other):
            state = transformation.init(x)
            for gradient in (jnp.array([0.5, -2.0, 0.1]), jnp.array([1.0, 1.0, -0.3])):
                update, state = transformation.update(gradient, state, x)
            moves.append(update)
        return bool(jnp.array_equal(*moves))
