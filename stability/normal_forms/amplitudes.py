"""Amplitude systems: what is left of a normal form when the pairs' phases do not matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from .blow_up import Germ
from .fields import ExactField
from .interpolating import Polynomials, composed, logarithm
from .several import Reduction
from .splitting import Block, Kind, Splitting


def normal_field(reduction: Reduction, kind: Kind, order: int) -> list[Any]:
    """The nonlinear part of a normal form up to degree `order`, as a field that commutes with the linear
    part L.

    Of a flow: G − L. A map is G = L ∘ exp X in its normal form, as L is semisimple and G commutes with it.
    """
    parts, zero = reduction.up_to(order), reduction.ring.zero
    first = 2 if kind == "flow" else 1
    step: list[Any] = [
        sum((parts[k][i] for k in range(first, order + 1)), zero)
        for i in range(reduction.split.size)
    ]
    if kind == "flow":
        return step
    back = [zero] * len(step)
    for block in reduction.split.blocks:
        i = block.start
        if block.kind == "pair":  # λ⁻¹ = trace − λ, as λλ̄ = 1
            j = i + 1
            back[i], back[j] = step[i] * block.trace + step[j], -step[i]
        else:
            back[i] = step[i] if block.kind == "one" else -step[i]
    return logarithm(back, order)


def keeps_phases(field: Polynomials, split: Splitting) -> bool:
    """Whether a field commutes with the turning of each pair by itself."""
    gens = field[0].ring.gens

    def turned(block: Block, vector: Sequence[Any]) -> list[Any]:
        """i·Im λ times the block's part of a vector, zero elsewhere."""
        found = [field[0].ring.zero] * len(field)
        i, j = block.places
        half = block.trace / 2
        found[i] = -vector[j] * block.product - vector[i] * half
        found[j] = vector[i] + vector[j] * half
        return found

    for block in split.blocks:
        if block.kind != "pair":
            continue
        speed = turned(block, gens)
        outer = turned(block, field)
        for p, image in zip(field, outer, strict=True):
            moved = sum((p.diff(gens[k]) * speed[k] for k in block.places), p.ring.zero)
            if moved - image:
                return False
    return True


def amplitudes(field: Polynomials, split: Splitting) -> list[Any]:
    """The field's action on u of each real block and r = |z| of each pair: in the ring's first coordinates.

    |z|² = a² + trace·ab + product·b², so that on b = 0 stands ṙ = ȧ + trace·ḃ/2.
    """
    ring = field[0].ring
    small = ring.clone(symbols=[f"r{i}" for i in range(len(split.blocks))])
    places = [block.start for block in split.blocks]

    def on_section(p: Any) -> Any:
        found = {}
        for exponents, c in p.terms():
            if sum(exponents) == sum(exponents[i] for i in places):
                found[tuple(exponents[i] for i in places)] = c
        return small.from_dict(found)

    result = []
    for block in split.blocks:
        speed = on_section(field[block.start])
        if block.kind == "pair":
            speed += on_section(field[block.start + 1]) * (block.trace / 2)
        result.append(speed)
    return result


def germ_of(field: Polynomials, known: int, over: ExactField) -> Germ:
    """Two polynomials in two variables as a planar germ."""
    first, second = (dict(p.terms()) for p in field)
    return Germ(first, second, known, over)


def squared(step: Polynomials, order: int) -> list[Any]:
    """The second iterate of a map, up to degree `order`."""
    return composed(step, step, order)


def resonance(split: Splitting, kind: Kind) -> str:
    """The pairs' frequencies as p : q where they are in a rational ratio, for a sentence."""
    pairs = [block for block in split.blocks if block.kind == "pair"]
    if kind == "flow" and len(pairs) == 2:
        one, other = (split.over.expression(block.product) for block in pairs)
        ratio = sympy.sqrt(sympy.radsimp(one / other))
        if ratio.is_Rational:
            return f"the {min(ratio.p, ratio.q)} : {max(ratio.p, ratio.q)} resonance"
    return "a resonance of the frequencies"
