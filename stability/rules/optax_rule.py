"""Any optax transformation as a rule: Adam, RMSProp, momentum, schedules."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ..documents.settings import Setting, setting, settings_of
from ..dynamics.flow import Flow
from ..dynamics.partition import Partition
from ..dynamics.positive_settings import check_positive, check_whole
from ..errors import InputError, InputTypeError
from .limits import project_part
from .local import Local, local
from .optax_memory import Memory, flatten, is_real, ravel, strategies
from .rule import Rule, State, check_lr

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
    - `holds`: whether `step` itself holds them, as in the rule that `frozen` returns.
    - `label`, `hyperparameters`: the name in reports, and what to print beside it, as `(("b1", 0.5),)`.

    `step` is the algorithm as optax runs it; `near`, `linearise` and `frozen` hold the second moments and
    the counts. Numeric only. Needs the extra `optax`.
    """

    transformation: Any
    lr: Any = 1.0
    second_moment: Any = 1.0
    at_step: int = setting(SETTLED, read="whole")
    label: str = "optax"
    hyperparameters: tuple[tuple[str, Any], ...] = ()
    holds: bool = False
    transforms_the_field: ClassVar[bool] = True

    def __post_init__(self):
        given = self.transformation
        for own in given.values() if isinstance(given, Mapping) else [given]:
            if not (
                callable(getattr(own, "init", None)) and callable(getattr(own, "update", None))
            ):
                raise InputTypeError(
                    f"an optax rule is made from optax.adam(1.0), say, not from {own!r}"
                )
        check_lr(self.name, self.lr)
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
        return any(_second(path) for t in own for path, _ in flatten(t.init(jnp.zeros(1)))[0])

    @property
    def remark(self) -> str | None:
        if not self._adapts:
            return None
        return (
            f"The step of {self.label} has no derivative at an exact equilibrium, where its running "
            f"average of squared gradients is zero; it is analysed with that average held at "
            f"{self.second_moment:g}."
        )

    @property
    def acts_by_jacobian(self) -> bool:
        return False

    def frozen(self) -> Optax:
        """The same algorithm with its second moments, counts and schedules held still."""
        return replace(self, holds=True)

    def near_inside(self, flow: Any, x: Any) -> Local:
        if flow.symbolic:
            raise InputError(f"{self.label} has no exact form; optax is numeric")
        return local(self, flow, x)

    def linearise(self, matrix: Any, partition: Partition) -> np.ndarray:
        if not isinstance(matrix, (np.ndarray, jax.Array)):
            raise InputError(f"{self.label} has no exact form; optax is numeric")
        flow = Flow(lambda x: matrix @ x, partition=partition, check=False)
        return self.near_inside(flow, np.zeros(partition.dimension)).linearise(matrix, partition)

    def init(self, flow: Any, x: Any) -> State:
        vectors = []
        for transformation, own in self._players(flow, x):
            memory = Memory.of(transformation, own)
            told = memory.vectors(memory.template)
            vectors += [
                vector.astype(x.dtype)
                for vector, moves in zip(told, self._moving(memory), strict=True)
                if moves
            ]
        return (x, *vectors)

    def step(self, flow: Any, state: State) -> State:
        x, *given = state
        v, sizes = flow(x), flow.partition.per_player(self.lr, "lr")
        remaining, remembered, after = iter(given), [], x
        players = zip(self._players(flow, x), strategies(flow, -v), strict=True)
        for i, ((transformation, own), gradient) in enumerate(players):
            memory = Memory.of(transformation, own)
            moves = self._moving(memory)
            before = memory.state(
                (next(remaining) if own_moves else None for own_moves in moves),
                partial(self._held, transformation, own, memory),
            )
            update, now = transformation.update(gradient, before, own)
            moved = flow.partition.part(i, x) + sizes[i] * ravel(update)
            after = flow.partition.replaced(i, project_part(flow, i, moved), after)
            remembered += [
                vector.astype(x.dtype)
                for vector, own_moves in zip(memory.vectors(now), moves, strict=True)
                if own_moves
            ]
        return (after, *remembered)

    def memories(self, flow: Any, x: Any) -> tuple[Memory, ...]:
        """How each player's optax state is told in the state's vectors, in player order."""
        return tuple(Memory.of(t, own) for t, own in self._players(flow, x))

    def moving(self, flow: Any, x: Any) -> tuple[bool, ...]:
        frozen = self.frozen()
        return (True, *(m for memory in self.memories(flow, x) for m in frozen._moving(memory)))

    def _players(self, flow: Any, x: Any) -> list[tuple[Any, Any]]:
        """Every player's transformation, and the strategy that it acts on."""
        return list(zip(self._by_player(flow.partition), strategies(flow, x), strict=True))

    def _by_player(self, partition: Partition) -> tuple[Any, ...]:
        return partition.per_player(self.transformation, "transformation")

    def _moving(self, memory: Memory) -> list[bool]:
        return [self._remembers(path, leaf) for path, leaf in memory.leaves]

    def _remembers(self, path: Any, leaf: Any) -> bool:
        return not self.holds or (is_real(leaf) and jnp.ndim(leaf) > 0 and not _second(path))

    def _held(self, transformation: Any, own: Any, memory: Memory, path: Any, group: Any) -> Any:
        if not _second(path):
            return jax.tree_util.tree_map(
                lambda leaf: leaf if is_real(leaf) else jnp.full_like(leaf, self.at_step), group
            )
        # so that the average *after* the step, which the step divides by, is the value asked for
        return jax.tree_util.tree_map(
            lambda decay: float(self.second_moment) / decay,
            _decay(transformation, own, memory, path),
        )


def named_optax(name: str, lr: Any, settings: Mapping[str, Any]) -> Optax:
    """The rule of one of optax's own optimisers, `named_optax("adam", 0.01, {"b1": 0.5})`.

    `second_moment` and `at_step` among the settings are the rule's, all others the optimiser's. Raises
    InputError if optax is missing, has no such optimiser, or that has no such setting.
    """
    constructor = optax_constructor(name)
    if constructor is None:
        raise InputError(f"optax has no optimiser called {name!r}")
    known = optax_settings(constructor)
    for key in settings:
        if key not in known:
            has = ", ".join(known)
            raise InputError(f"rule {name} has no setting {key!r}; its settings are {has}")
    own = {key: settings[key] for key in ("second_moment", "at_step") if key in settings}
    passed = {key: value for key, value in settings.items() if key not in own}
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


def optax_settings(constructor: Any) -> dict[str, Setting]:
    """The settings of a rule from this function of optax: the rule's, then the optimiser's own."""
    own = settings_of(Optax)
    kinds: Any = {bool: "flag", int: "whole"}
    return {
        "lr": Setting(0.1),
        **{name: own[name] for name in ("second_moment", "at_step")},
        **{
            name: Setting(parameter.default, kinds.get(type(parameter.default), "number"))
            for name, parameter in inspect.signature(constructor).parameters.items()
            if name != "learning_rate"
        },
    }


def _second(path: Any) -> bool:
    return any(getattr(key, "name", None) in SECOND_MOMENTS for key in path)


def _decay(transformation: Any, own: Any, memory: Memory, path: Any) -> Any:
    """The factors by which one step with a zero gradient changes the second moment at a path."""
    groups = [
        jax.tree_util.tree_map(jnp.ones_like, group) if _second(own_path) else group
        for (own_path, _), group in zip(memory.leaves, memory.groups(memory.template), strict=True)
    ]
    still = jax.tree_util.tree_map(jnp.zeros_like, own)
    _, after = transformation.update(still, memory.tree.unflatten(groups), own)
    return memory.groups(after)[[own_path for own_path, _ in memory.leaves].index(path)]
