"""Flows and rules at a rest point where the field has a kink or a jump: no eigenvalues, but answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import sympy

from ..documents.numbers import listed, number
from ..dynamics.partition import Partition
from ..dynamics.quick_compilation import quickly_compiled
from ..dynamics.symbols import exact as exact_number
from ..dynamics.vectors import stack
from ..equilibria.cells import TangledError
from ..equilibria.find import Equilibrium
from ..equilibria.pieces import Pieces
from ..normal_forms.kinks import at_kink
from ..normal_forms.linear_pieces import LinearPieces, linear_pieces
from ..normal_forms.value import NormalForm
from ..rules import Alternating, Rule, Simultaneous
from ..time_limits import in_time
from ..verdicts.verdict import Verdict
from .subject import FieldFlow, plain
from .value import FlowAnalysis, RuleAnalysis

_STEPS = 256  # that are followed from beside a kink
_STARTS = 8
_HUGE = 1e150  # coordinates whose squares are numbers are below this
_FAR = 6.0  # reaches beyond which steps have left
_RESTED = 1e-9  # of a reach: steps that ended nearer to the kink rest there
_SECONDS = 2.0
KINDS = {
    "exponentially stable": "attracting kink", "asymptotically stable": "attracting kink",
    "unstable": "repelling kink",
}  # fmt: skip


def known_at_kink(e: Equilibrium) -> bool:
    """Whether the pieces that meet at a point without a derivative are known, so that they can be judged."""
    return e.pieces is not None and not e.differentiable


def flow_at_kink(field: FieldFlow, e: Equilibrium) -> FlowAnalysis:
    """What a flow does at a kink; see `known_at_kink`."""
    assert e.pieces is not None
    form = at_kink(e.pieces)
    return FlowAnalysis(
        field=field.name,
        settings=field.settings,
        eigenvalues=None,
        exact_eigenvalues=None,
        spectral_abscissa=None,
        error_bound=None,
        type=KINDS.get(form.verdict, "kink"),
        stability=_verdict(form),
        stationary=e.stationary,
        normal_form=form if e.stationary else None,
    )


def rule_at_kink(field: FieldFlow, e: Equilibrium, rule: Rule) -> RuleAnalysis:
    """What steps do at a kink where the flow rests; see `known_at_kink`.

    Where the flow is attracted in finite time, a step of fixed size jumps over the kink and back: it does not
    converge but ends in a band about as wide as it is long. That it stays is seen by following steps.
    """
    assert e.pieces is not None
    form = in_time(_SECONDS, lambda: _linear(field, e.pieces, rule), None) or _followed(
        field, e.pieces, rule, at_kink(e.pieces)
    )
    kind = "band around a kink" if form.verdict == "neutral" else KINDS.get(form.verdict, "kink")
    return RuleAnalysis(
        rule=rule.name,
        settings=plain(rule.settings),
        field=field.name,
        field_settings=field.settings,
        multipliers=None,
        spectral_radius=None,
        error_bound=None,
        type=kind,
        stability=_verdict(form),
        critical_lr=None,
        critical_lr_exact=None,
        best_lr=None,
        best_spectral_radius=None,
        steps_per_digit=None,
        normal_form=form,
    )


def _verdict(form: NormalForm) -> Verdict:
    return Verdict(form.verdict, None, None, form.evidence, form.because)


def _linear(field: FieldFlow, pieces: Pieces | None, rule: Rule) -> NormalForm | None:
    """Euler steps where all one-sided fields vanish: I + HJ in each cell; None elsewhere."""
    if pieces is None or not rule.is_euler:
        return None
    try:
        own = linear_pieces(pieces)
        if own is None:
            return None
        sizes = rule.with_each_lr(exact_number)
        partition = field.numeric.partition
        steps = [sympy.Matrix(sizes.linearise(J, partition)) for J in own.matrices]
        return LinearPieces(own.pieces, tuple(steps)).of_steps()
    except TangledError:
        return None


def _followed(field: FieldFlow, pieces: Pieces | None, rule: Rule, flow: NormalForm) -> NormalForm:
    """What steps from beside the kink were seen to do."""
    assert pieces is not None
    if flow.verdict in ("undecided", "neutral") or not _jumps(pieces):
        return _undecided(f"the flow's verdict here tells nothing of {rule.name} steps")
    own = rule.with_each_lr(float)
    x = np.array([float(c.evalf(20)) for c in pieces.point])
    sizes = _sizes(own.lr, field.numeric.partition)
    fields = np.array(
        [_numbers(pieces.at(sympy.Matrix(cell.expressions)))[:, 0] for cell in pieces.cells]
    )
    reach = float(np.linalg.norm(sizes * fields, axis=1).max())
    if not reach > 0:
        return _undecided(f"{rule.name} steps have no length here")
    rng = np.random.default_rng(0)
    away = rng.standard_normal((_STARTS, len(x)))
    away *= reach * rng.uniform(0.1, 1, (_STARTS, 1)) / np.linalg.norm(away, axis=1, keepdims=True)
    starts = [stack([np.asarray(v) for v in own.init(field.numeric, x + y)]) for y in away]
    distances = [
        np.linalg.norm(orbit[:, : len(x)] - x, axis=1) for orbit in _orbits(field, own, starts)
    ]
    farthest = max(float(own.max()) for own in distances)
    left = farthest > _FAR * reach
    if not left and any(len(own) <= _STEPS for own in distances):
        return _undecided(f"{rule.name} steps have no numbers beside the kink")
    if left:
        how = (
            "were seen to leave it too"
            if flow.verdict == "unstable"
            else "of this size were seen to leave it"
        )
        said, joined = ("leave", "and") if flow.verdict == "unstable" else ("come to", "but")
        text = f"orbits of the flow {said} the kink, {joined} {rule.name} steps {how}"
        return NormalForm("unstable", text, "kink", 0)
    nearest = min(float(own[-1]) for own in distances)
    if flow.verdict == "unstable":
        if nearest > _RESTED * reach:
            text = (
                f"orbits of the flow leave the kink, and {rule.name} steps from beside it were seen to end "
                f"at a distance of {number(nearest, 2)} or more"
            )
            return NormalForm("unstable", text, "kink", 0)
        return _undecided(
            f"orbits of the flow leave the kink, but some {rule.name} steps were seen to stay at it"
        )
    if max(float(own[-1]) for own in distances) <= _RESTED * reach:
        return _undecided(f"{rule.name} steps were seen to end on the kink itself")
    width = _width(pieces, sizes, rule, field.numeric.partition)
    how = f"of width {width}" if width else f"within {number(farthest, 2)} of it"
    text = (
        f"{rule.name} steps jump over the kink and back: they neither converge to it nor leave it, but end "
        f"in a band {how}"
    )
    return NormalForm("neutral", text, "kink", 0, reason="steps of fixed size jump over the kink")


def _orbits(field: FieldFlow, rule: Rule, starts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """`_STEPS` steps from each of these states, shape (≤ `_STEPS` + 1, m): up to the last of numbers.

    One step is compiled, for all starts at once, and called again and again; it is kept for the next kink.
    To compile `simulate`, whose loops watch for events, takes longer than these few steps do in all.
    """
    dimension = len(starts[0])
    flow = field.numeric
    step = flow.kept(
        "steps at kinks",
        rule,
        lambda: quickly_compiled(jax.vmap(rule.map(flow).function), dimension),
    )
    with jax.enable_x64(True):
        states = [np.array(starts)]
        for _ in range(_STEPS):
            states.append(step(states[-1]))
    orbits = np.array(states).swapaxes(0, 1)
    known = np.logical_and.accumulate((np.abs(orbits) < _HUGE).all(axis=2), axis=1)
    return [orbit[own] for orbit, own in zip(orbits, known, strict=True)]


def _jumps(pieces: Pieces) -> bool:
    return any(
        pieces.sign(x) for cell in pieces.cells for x in pieces.at(sympy.Matrix(cell.expressions))
    )


def _width(pieces: Pieces, sizes: np.ndarray, rule: Rule, partition: Partition) -> str | None:
    """h(|v⁻| + |v⁺|), by the normal of each surface; None for rules whose steps are not so simple."""
    plain_turns = isinstance(rule, Alternating) and rule.inner is None and rule.steps == 1
    if not (isinstance(rule, Simultaneous) or plain_turns):
        return None
    normals = _numbers(pieces.normals)
    alone = all(sum(bool(n[s].any()) for s in partition.slices) == 1 for n in normals)
    if plain_turns and not alone:
        return None
    widths = []
    for k, normal in enumerate(normals):
        sides: dict[int, float] = {}
        for cell in pieces.cells:
            push = abs(
                float(normal @ (sizes * _numbers(pieces.at(sympy.Matrix(cell.expressions)))[:, 0]))
            )
            sides[cell.signs[k]] = max(sides.get(cell.signs[k], 0.0), push)
        widths.append(f"{number(sum(sides.values()) / float(np.linalg.norm(normal)), 3)}")
    formula = "lr·(|v⁻| + |v⁺|)"
    if len(widths) == 1:
        return f"about {widths[0]} = {formula} across it"
    return f"at most about {listed(widths)} across the kinks that meet there, {formula} for each"


def _sizes(lr: Any, partition: Partition) -> np.ndarray:
    """The step size of every coordinate; of a rule without one, one."""
    if lr is None:
        return np.ones(partition.dimension)
    own = (
        partition.per_player(lr, "lr") if isinstance(lr, Mapping) else (lr,) * len(partition.slices)
    )
    sizes = np.empty(partition.dimension)
    for size, part in zip(own, partition.slices, strict=True):
        sizes[part] = float(size)
    return sizes


def _numbers(matrix: sympy.Matrix) -> np.ndarray:
    return np.array(matrix.evalf(20).tolist(), dtype=float)


def _undecided(because: str) -> NormalForm:
    return NormalForm("undecided", because, "kink")
