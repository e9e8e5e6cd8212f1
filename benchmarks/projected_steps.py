"""What limits cost: the projected step of ten thousand variables, and its product, beside the free ones.

The field is one dense product, v = Ax + b, with A of 10⁴ × 10⁴; the players live in intervals, in simplices
or in a ball. Printed is the processor time of the projected step over that of the free one, and of the
product of the linearised steps with a vector, the two taken in turn: python benchmarks/projected_steps.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

import stability as st
from stability.dynamics import Partition
from stability.games.sets import Sets, resolved
from stability.games.sets.kinds import Set

D, TURNS = 10_000, 9


def sets_of(one: Set) -> Sets:
    partition = Partition(("one",), (D,))
    return resolved(
        {"one": one}, partition, [[("x", (D // 100, 100))]], lambda: [f"x{k}" for k in range(D)]
    )


def seconds(call: Callable[[], jax.Array]) -> float:
    begin = time.process_time()
    call().block_until_ready()
    return time.process_time() - begin


def ratio(
    one: Callable[[], jax.Array], other: Callable[[], jax.Array]
) -> tuple[float, float, float]:
    """The medians of both, in seconds, and the median of the quotients of turns that follow each other."""
    one()
    other()
    times = np.array([(seconds(one), seconds(other)) for _ in range(TURNS)])
    return *np.median(times, axis=0), float(np.median(times[:, 0] / times[:, 1]))


def main() -> None:
    generator = np.random.default_rng(0)
    A = jnp.asarray(generator.standard_normal((D, D)) / np.sqrt(D), jnp.float32) - jnp.eye(D)
    b = jnp.asarray(generator.standard_normal(D), jnp.float32)
    partition = Partition(("one",), (D,))
    free = st.Flow(lambda x: A @ x + b, dimension=D, partition=partition, check=False)
    u = jnp.asarray(generator.standard_normal(D), jnp.float32)
    rule = st.Simultaneous(0.1)
    kinds = {
        "intervals": st.Bounds(0, 1),
        "100 simplices of 100": st.Simplex(),
        "a ball": st.Ball(1.0),
    }
    print(f"{'':24}{'projected':>12}{'free':>12}{'ratio':>10}")
    for name, one in kinds.items():
        sets = sets_of(one)
        kept = free.within(sets)
        x = jnp.asarray(sets.project(generator.standard_normal(D)), jnp.float32)
        steps = [jax.jit(lambda x, flow=flow: rule.step(flow, (x,))[0]) for flow in (kept, free)]
        rows = {"step": [partial(step, x) for step in steps]}
        products = [st.linearise_rule(rule, flow, x).matvec for flow in (kept, free)]
        rows["product"] = [partial(product, u) for product in products]
        for what, (projected, plain) in rows.items():
            own, other, quotient = ratio(projected, plain)
            print(f"{name + ', ' + what:24}{own:11.4f}s{other:11.4f}s{quotient:10.3f}")


if __name__ == "__main__":
    main()
