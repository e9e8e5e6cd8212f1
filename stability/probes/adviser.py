"""Advice at a point of training: an algorithm's largest multipliers, followed along its numbers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import jax
import numpy as np

from .._version import __version__
from ..analysis.study import Study
from ..analysis.subject import plain
from ..dynamics.positive_settings import check_nonnegative, check_whole
from ..errors import InputError, check_kind
from ..fields import Field, Gradient
from ..games.batches import samples
from ..games.game import Game
from ..games.sets import tangent
from ..games.symbolic import SymbolicGame
from ..penalties import Penalty
from ..rules import Rule
from ..rules.family import StepFamily
from .advice import Advice, Batch, KnobAdvice
from .at_limits import free_game, strictly_held, told
from .knobs import Knob, is_factor, knobs
from .probing import Prober
from .stable_range import Found, Looker, octaves, stable_range
from .value import Network

COUNT = 4  # multipliers that are looked for at each value
DRIFT = 1e-3  # growth per step that counts as staying away from rest: e in 1,000 steps
MOST_DRIFT = 0.05  # the same with larger steps, in logarithms
_FAST = 1.5  # a radius in a step above which growth in proportion to the step says nothing
_PRODUCTS = 400  # of one look
_BATCHES = 4


class Adviser:
    """What is compiled once for a game and an algorithm, and then advises at many points.

    Arguments as for `advise`. `penalties` are those whose strengths are varied; `family` is the step as a
    function of its numbers at the first point, once there was one. Raises InputError or InputTypeError for
    arguments that do not fit.
    """

    def __init__(
        self,
        game: Game | SymbolicGame | Study,
        *,
        rule: Rule,
        penalties: Sequence[Penalty] = (),
        field: Field | None = None,
        period: int = 1,
        growth: float | None = None,
        batch: int | None = None,
        batches: int | Sequence[Any] | None = None,
        k: int = COUNT,
        tolerance: float | None = None,
        max_products: int = _PRODUCTS,
        seed: int = 0,
        progress: Callable[[str], None] | None = None,
    ):
        check_kind(rule, Rule, "Alternating(lr=0.1)")
        check_whole(period, "the period of the penalties", 1, 10_000)
        check_whole(k, "k", 1, 1000)
        check_whole(max_products, "max_products", 10, 10**9)
        if growth is not None:
            check_nonnegative(growth, "the growth that counts as staying")
        if period > 1 and not penalties:
            raise InputError(
                "a period is for penalties, which are applied once in it; give penalties too"
            )
        self._remarks: list[str] = []
        game, self._terms, self.penalties = _weighed(game, penalties, self._remarks)
        self._prober = Prober(
            game, field=field, rules=[rule], seed=seed, progress=progress, tolerance=tolerance
        )
        self.rule, self._period, self._growth, self._seed = rule, period, growth, seed
        self._batches, self._batch = _batches(self._prober.game, batch, batches, seed)
        self._search = {
            "k": k, "tolerance": tolerance, "max_products": max_products, "seed": seed
        }  # fmt: skip
        self.family: StepFamily | None = None
        self.prefix = ""
        self._progress = progress

    def _say(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self.prefix + what)

    def at(
        self,
        at: Any = None,
        *,
        state: Sequence[Any] | None = None,
        source: str = "",
        step: int | None = None,
    ) -> Advice:
        """The advice at one point; arguments as for `advise`."""
        began = time.perf_counter()
        prober = self._prober
        x = prober.profile(at)
        if prober.game.sets:
            return self._on_sets(x, state, source or ("" if at is not None else "the start"), step)
        with prober.precision():
            self._say("measuring the distance from rest")
            rest = prober.rest(x)
            family = self._at(x, state)
            every = knobs(family, self.penalties)
            walks = _Walks(family, every, prober.game.data, self._search)
            self._say("finding the largest multipliers")
            now = walks.now
            inherent = walks.flow_growth()
            growth = self._growth
            if growth is None:
                at_rest = rest.stationary.verdict == "yes"
                own = (1 + 1.5 * inherent) ** (1 / self._period) - 1
                growth = 0.0 if at_rest else max(DRIFT, own)
            drift = math.log1p(growth) * self._period
            most = max(drift, MOST_DRIFT * self._period)
            advised = []
            for knob in every:
                self._say(f"following the multipliers along the {knob.what}")
                limit = partial(_limit, knob, drift, most)
                found = walks.range_of(knob, limit)
                advised.append(KnobAdvice(knob.name, knob.what, knob.now, found))
            on_batches = []
            for i, own in enumerate(self._batches):
                self._say(f"looking at batch {i + 1} of {len(self._batches)}")
                on_batches.append(walks.on_batch(own, partial(_limit, every[0], drift, most)))
        warnings = [*self._remarks]
        if not all(own.found.certain for own in advised):
            warnings.append(
                "the multipliers were found by a Krylov method from products alone: one that is hidden "
                "from every start can be missed, and so can stable values between those looked at"
            )
        if self.rule.remark and state is None:
            warnings.append(self.rule.remark)
        game = prober.game
        return Advice(
            network=Network(
                prober.name,
                dict(zip(game.players, game.partition.sizes, strict=True)),
                str(np.asarray(x).dtype),
                None,
            ),
            point=source or ("the start" if at is None else "a point given"),
            step=step,
            rest=rest,
            rule=self.rule.name,
            settings=plain(self.rule.settings),
            period=self._period,
            state_size=family.size,
            limit=math.exp(drift),
            flow_growth=inherent,
            now=now,
            knobs=tuple(advised),
            batches=tuple(on_batches),
            batch=self._batch,
            products=walks.products,
            seconds=time.perf_counter() - began,
            seed=self._seed,
            version=__version__,
            warnings=tuple(warnings),
        )

    def _on_sets(self, x: Any, state: Any, source: str, step: int | None) -> Advice:
        """The advice where players live in sets: inside them, or of the numbers that are free at limits."""
        prober = self._prober
        game = prober.game
        with prober.precision():
            face = None
            touched = tangent(game.sets, np.asarray(x))
            if touched.whole and not game.sets.simplices:
                said = (
                    "the players live in sets: this is of steps that do not reach their limits, which larger "
                    "ones may"
                )
                inside, at = game.without_sets(), x
            else:
                if state is None and isinstance(prober.field, Gradient):
                    face = strictly_held(game, x)
                if face is None:
                    raise InputError(
                        "advice is for points inside the players' sets, or at ends of intervals that all "
                        "numbers there are pushed against; here make a report, or a sweep over the number"
                    )
                said = told(face, np.asarray(game.field(x), float))
                inside = _free(game, self._terms, partial(free_game, x=x, face=face))
                at = inside.start
        other = copy(self)
        other._prober, other.family = prober.of(inside), None
        if face is not None:
            other._terms = [len(inside.players)] * len(self._terms)
        found = other.at(at, state=state, source=source or "a point given", step=step)
        return replace(found, warnings=(said, *found.warnings))

    def _at(self, x: Any, state: Sequence[Any] | None) -> StepFamily:
        """The step at a point, compiled the first time."""
        if self.family is None:
            flow = self._prober.flow
            self.family = StepFamily(
                self.rule, flow, x, state, terms=self._terms, period=self._period
            )
            return self.family
        return self.family.moved(x, state)


def _limit(knob: Knob, drift: float, most: float, value: float) -> float:
    """The radius below which a value counts as stable."""
    return math.exp(min(drift * knob.time(value), most))


def advise(
    game: Game | SymbolicGame | Study,
    at: Any = None,
    *,
    rule: Rule,
    state: Sequence[Any] | None = None,
    source: str = "",
    step: int | None = None,
    **options: Any,
) -> Advice:
    """What to change in an algorithm: which of its numbers are stable here, and which are fastest.

    The step of the rule is linearised on its whole state, momenta included, and its largest multipliers are
    followed while one number varies and all others stay: the players' step sizes, together and each alone;
    the ratio of two players' step sizes; the momentum; the strength of every penalty. Nothing of the size of
    a matrix is formed above 1,000 numbers. Stable means that all multipliers lie inside the unit circle (Re λ
    < 0 for the flow, |μ| < 1 for steps).

    **Arguments:**

    - `game`, `at`, `source`, `step`: as in `probe`.
    - `rule`: the algorithm, with its step sizes; `state`: its state there, which tells Adam's second moments;
      these are held while the numbers vary, though another step size would in time change them.
    - `penalties`: put on the game first; the strength of each is one of the numbers.
    - `period`: penalties are applied every so many steps, with so many times their strengths (lazy
      regularisation, Karras et al. 2020); radii are then those of a period.
    - `growth`: by how much a disturbance may grow in a step, as now, and still count as staying; with larger
      steps, as much more as the flow goes further in one, up to 5%. Default: 0 at a rest point; elsewhere
      0.001 (a factor e in 1,000 steps), for training drifts there anyway, and where disturbances grow more
      than that whatever the step size (the flow leaves), half as much again as these.
    - `batches`: how many batches of `batch` samples are looked at by themselves (default with a `batch`: 4),
      drawn from the game's data; or a sequence of data, each a tuple as the game's own. For each, the
      spectral radius and the end of the stable step sizes.
    - `options`: `penalties` to `batches`, and these. `field`: what the rule steps along; default: the
      gradient.
    - `k`: how many multipliers of largest modulus are looked for at each value; `tolerance`, `max_products`:
      of each such search. `seed`, `progress`: as in `probe`.

    The advice is for this point and these data, by linearisation: from far away, and once training has moved
    on, other numbers may be right. Where a strength moves the rest point, that is not followed.

    Raises InputError or InputTypeError for arguments that do not fit the game.
    """
    return Adviser(game, rule=rule, **options).at(at, state=state, source=source, step=step)


class _Walks:
    """The looks along the numbers of one family, each begun where the first one ended."""

    def __init__(
        self, family: StepFamily, every: Sequence[Knob], data: Any, search: dict[str, Any]
    ):
        self._family, self._first, self._data = family, every[0], data
        self._search = {"size": family.size, **search}
        self._start: Any = None
        self.products = 0
        look = self._looker(self._first, data)
        self.now = look(self._first.now)
        self._start = look.start
        self.products = look.products

    def _looker(self, knob: Knob, data: Any) -> Looker:
        look = Looker(lambda value: self._family.at(knob.numbers(value), data), **self._search)
        look.start = self._start
        return look

    def range_of(self, knob: Knob, limit: Callable[[float], float]) -> Found:
        """The stable values of one number."""
        look = self._looker(knob, self._data)
        look.seen[knob.now] = replace(self.now, value=knob.now)
        found = stable_range(look, knob.now, knob.scale, limit)
        self.products += look.products
        return found

    def on_batch(self, data: Any, limit: Callable[[float], float]) -> Batch:
        """The spectral radius on other data, and where the step sizes stop being stable there."""
        look, now = self._looker(self._first, data), self._first.now
        radius = look(now).radius
        found = stable_range(look, now, octaves(now, 0.0), limit)
        self.products += look.products
        ends = [high.value for _, high in found.intervals if high.outside is not None]
        return Batch(radius, max(ends, default=None))

    def flow_growth(self) -> float:
        """By how much disturbances grow in a step as now, if with half the step they grow half as much.

        Then it is the flow that leaves, and no step size keeps it. 0 where this was not seen.
        """
        if not self.now.unstable(1.0):
            return 0.0
        look = self._looker(self._first, self._data)
        half = look(self._first.now / 2)
        self.products += look.products
        if not half.unstable(1.0):
            return 0.0
        share = 2 * math.log(half.radius) / math.log(self.now.radius)
        grows = self.now.radius < _FAST and 0.75 < share < 1.33
        return self.now.radius - 1 if grows else 0.0


def _weighed(
    game: Any, penalties: Sequence[Penalty], warnings: list[str]
) -> tuple[Any, list[int], list[Penalty]]:
    """The numeric game with the penalties as terms, how many each added, and the penalties that did.

    One that adds no terms that its strength multiplies (instance noise) is put on the game for good, and so
    are those before it.
    """
    system = game.system if isinstance(game, Study) else game
    for penalty in penalties:
        check_kind(penalty, Penalty, "R1(0.1)")
    if not penalties:
        return game, [], []
    name = " with ".join([system.name, *(penalty.name for penalty in penalties)])
    terms: list[int] = []
    weighed: list[Penalty] = []
    numeric = system.twin
    for penalty in penalties:
        before, system = system, penalty(system)
        if not is_factor(penalty):
            numeric, terms, weighed = system.twin, [], []
            warnings.append(f"{penalty.name} has no positive strength that could be varied")
            continue
        if system.symbolic:
            added = _difference(before.twin, system.twin)
            numeric = numeric.with_terms(added)
            terms.append(len(added))
        else:
            terms.append(system.added_terms - numeric.added_terms)
            numeric = system
        weighed.append(penalty)
    numeric.name = name
    return numeric, terms, weighed


def _free(game: Game, terms: Sequence[int], free: Callable[[Game], Game]) -> Game:
    """The `free` game with one term a player for each penalty that has `terms` in the losses of the game."""
    total, counts = sum(terms), list(accumulate(terms, initial=0))
    stages = [free(game.weighing_terms([1.0] * n + [0.0] * (total - n))) for n in counts]
    found = stages[0]
    for before, after in pairwise(stages):
        found = found.with_terms(_difference(before, after))
    return found


def _difference(before: Game, after: Game) -> dict[str, Callable[[Any, Any], Any]]:
    """What a penalty added to the losses of a game, as terms."""

    def term(i: int) -> Callable[[Any, Any], Any]:
        def added(game: Game, x: Any) -> Any:
            one, other = (own.with_data(*game.data).losses(x)[i] for own in (after, before))
            return one - other

        return added

    return {player: term(i) for i, player in enumerate(before.players)}


def _batches(
    game: Game, batch: int | None, batches: Any, seed: int
) -> tuple[list[Any], int | None]:
    """The data of single batches, and how many samples each has."""
    if batches is None and batch is None:
        return [], None
    if batches is not None and not isinstance(batches, int):
        return [tuple(own) if isinstance(own, (list, tuple)) else (own,) for own in batches], None
    count = _BATCHES if batches is None else batches
    check_whole(count, "the number of batches", 1, 1000)
    if batch is None:
        raise InputError("batches are of how many samples? give batch=64, say")
    total = samples(game.data)
    check_whole(batch, "the batch size", 1, total)
    rng = np.random.default_rng(seed)
    drawn = [np.sort(rng.permutation(total)[:batch]) for _ in range(count)]
    return [jax.tree.map(lambda leaf, rows=rows: leaf[rows], game.data) for rows in drawn], batch
