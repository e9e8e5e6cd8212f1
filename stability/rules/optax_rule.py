"""Any optax transformation as a rule: Adam, RMSProp, momentum, schedules."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.partition import Partition
from ..dynamics.positive import check_positive, check_whole
from ..errors import InputError, InputTypeError
from .local import Local, local
from .rule import Rule, State

# optax's names for running averages of squared gradients (adam, rmsprop, amsgrad, adagrad, adadelta, adan)
SECOND_MOMENTS = ("nu", "nu_max", "sum_of_squares", "e_g", "e_x", "n")
SETTLED = 1_000_000  # steps after which bias corrections and schedules have settled


@dataclass(frozen=True, eq=False)
class Optax(Rule):
    """x_i ← x_i + lr·u_i, with u_i the update that an optax transformation makes of player i's gradient −v_i.

    - `transformation`: an `optax.GradientTransformation`, or a mapping from players (key `""` for the
      others) to them. Build it with a learning rate of one (`optax.adam(1.0)`) and give `lr` here.
    - `second_moment`: what Adam's and its like's running averages of squared gradients are held at for the
      analysis. At an exact equilibrium they are zero, and the step, which divides by their root, has no
      derivative.
    - `at_step`: the count at which schedules and bias corrections are held for the analysis.
    - `label`, `hyperparameters`: the name in reports, and what to print beside it, as `(("b1", 0.5),)`.

    `step` is the algorithm as optax runs it; `near`, `linearise` and `frozen` hold the second moments and
    the counts. Numeric only. Needs the extra `optax`.
    """

    transformation: Any
    lr: Any = 1.0
    second_moment: Any = 1.0
    at_step: int = SETTLED
    label: str = "optax"
    hyperparameters: tuple[tuple[str, Any], ...] = ()
    holds: bool = False

    def __post_init__(self):
        given = self.transformation
        for own in given.values() if isinstance(given, Mapping) else [given]:
            if not (
                callable(getattr(own, "init", None)) and callable(getattr(own, "update", None))
            ):
                raise InputTypeError(
                    f"an optax rule is made from optax.adam(1.0), say, not from {own!r}"
                )
        check_positive(self.lr, "a step size lr")
        check_positive(self.second_moment, "the second moment")
        check_whole(self.at_step, "the step at which schedules are held", 0, 2**31 - 2)

    def check(self, flow: Any) -> None:
        super().check(flow)
        self._by_player(flow.partition)

    @property
    def name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.label

    @property
    def settings(self) -> dict[str, Any]:
        held = {"second_moment": self.second_moment} if self._adapts else {}
        step = {} if self.at_step == SETTLED else {"at_step": self.at_step}
        return {"lr": self.lr, **dict(self.hyperparameters), **held, **step}

    @property
    def _adapts(self) -> bool:
        given = self.transformation
        own = given.values() if isinstance(given, Mapping) else [given]
        return any(_second(path) for t in own for path, _ in _leaves(t.init(jnp.zeros(1)))[0])

    @property
    def remark(self) -> str | None:
        if not self._adapts:
            return None
        return (
            f"The step of {self.label} has no derivative at an exact equilibrium, where its running "
            f"average of squared gradients is zero; it is analysed with that average held at "
            f"{self.second_moment:g}."
        )

    def frozen(self) -> Optax:
        """The same algorithm with its second moments, counts and schedules held still."""
        return replace(self, holds=True)

    def near(self, flow: Any, x: Any) -> Local:
        if isinstance(flow, SymbolicFlow):
            raise InputError(f"{self.label} has no exact form; optax is numeric")
        return local(self, flow, x)

    def linearise(self, matrix: Any, partition: Partition) -> np.ndarray:
        if not isinstance(matrix, (np.ndarray, jax.Array)):
            raise InputError(f"{self.label} has no exact form; optax is numeric")
        flow = Flow(lambda x: matrix @ x, partition=partition, check=False)
        return self.near(flow, np.zeros(partition.dimension)).linearise(matrix, partition)

    def init(self, flow: Any, x: Any) -> State:
        memory = []
        for i, transformation in enumerate(self._by_player(flow.partition)):
            leaves, _ = _leaves(transformation.init(flow.partition.part(i, x)))
            memory += [
                self._vector(leaf, x) for path, leaf in leaves if self._remembers(path, leaf)
            ]
        return (x, *memory)

    def step(self, flow: Any, state: State) -> State:
        x, *memory = state
        v, sizes = flow(x), flow.partition.per_player(self.lr, "lr")
        kept, remembered = iter(memory), []
        for i, transformation in enumerate(self._by_player(flow.partition)):
            own = flow.partition.part(i, x)
            leaves, tree = _leaves(transformation.init(own))
            values = [
                jnp.reshape(next(kept), jnp.shape(leaf)).astype(jnp.result_type(leaf))
                if self._remembers(path, leaf)
                else self._held(transformation, own, path, leaf)
                for path, leaf in leaves
            ]
            before = jax.tree_util.tree_unflatten(tree, values)
            update, after = transformation.update(-flow.partition.part(i, v), before, own)
            x = flow.partition.replaced(i, own + sizes[i] * update, x)
            remembered += [
                self._vector(leaf, x)
                for path, leaf in _leaves(after)[0]
                if self._remembers(path, leaf)
            ]
        return (x, *remembered)

    def _by_player(self, partition: Partition) -> tuple[Any, ...]:
        return partition.per_player(self.transformation, "transformation")

    def _remembers(self, path: Any, leaf: Any) -> bool:
        if not self.holds:
            return True
        number = jnp.issubdtype(jnp.result_type(leaf), jnp.floating) and jnp.ndim(leaf) > 0
        return bool(number) and not _second(path)

    @staticmethod
    def _vector(leaf: Any, x: Any) -> Any:
        return jnp.ravel(jnp.asarray(leaf)).astype(x.dtype)

    def _held(self, transformation: Any, own: Any, path: Any, leaf: Any) -> Any:
        kind = jnp.result_type(leaf)
        if jnp.issubdtype(kind, jnp.integer):
            return jnp.full(jnp.shape(leaf), self.at_step, kind)
        if not _second(path):
            return leaf
        # so that the average *after* the step, which the step divides by, is the value asked for
        return jnp.full(jnp.shape(leaf), float(self.second_moment), kind) / self._decay(
            transformation, own, path
        )

    def _decay(self, transformation: Any, own: Any, path: Any) -> Any:
        """The factor by which one step with a zero gradient changes the second moment."""
        leaves, tree = _leaves(transformation.init(own))
        ones = [jnp.ones_like(jnp.asarray(leaf)) if _second(p) else leaf for p, leaf in leaves]
        before = jax.tree_util.tree_unflatten(tree, ones)
        _, after = transformation.update(jnp.zeros_like(own), before, own)
        return {str(p): leaf for p, leaf in _leaves(after)[0]}[str(path)]


def named_optax(name: str, lr: Any, settings: Mapping[str, Any]) -> Optax:
    """The rule of one of optax's own optimisers, `named_optax("adam", 0.01, {"b1": 0.5})`.

    `second_moment` and `at_step` among the settings are the rule's, all others the optimiser's. Raises
    InputError if optax is missing, has no such optimiser, or that has no such setting.
    """
    constructor = optax_constructor(name)
    if constructor is None:
        raise InputError(f"optax has no optimiser called {name!r}")
    own = {key: settings[key] for key in ("second_moment", "at_step") if key in settings}
    passed = {key: value for key, value in settings.items() if key not in own}
    known = [p for p in inspect.signature(constructor).parameters if p != "learning_rate"]
    for key in passed:
        if key not in known:
            raise InputError(
                f"rule {name} has no setting {key!r}; its settings are lr, second_moment, at_step, "
                f"{', '.join(known)}"
            )
    shown = tuple(passed.items())
    return Optax(
        constructor(learning_rate=1.0, **passed), lr, label=name, hyperparameters=shown, **own
    )


def optax_constructor(name: str) -> Any:
    """optax's function of that name if it makes an optimiser from a learning rate, else None.

    Raises InputError if optax is not installed.
    """
    try:
        import optax
    except ImportError:
        raise InputError(
            f"there is no rule called {name!r} here; if it is one of optax's, install the extra: "
            "pip install 'game-stability[optax]'"
        ) from None
    constructor = getattr(optax, name, None)
    if not inspect.isfunction(constructor):
        return None
    return constructor if "learning_rate" in inspect.signature(constructor).parameters else None


def _leaves(state: Any) -> tuple[list[tuple[Any, Any]], Any]:
    return jax.tree_util.tree_flatten_with_path(state)


def _second(path: Any) -> bool:
    return any(getattr(key, "name", None) in SECOND_MOMENTS for key in path)
