"""Three schedules of step sizes, and what the verdict on a single step size does not tell.

python examples/schedules.py
"""

import sympy

import stability as st

k = sympy.Symbol("k")  # counts the steps


def swapping(count):
    """A step size that changes place with the other player's after about a quarter of a turn."""
    return 0.29 if count // 40 % 2 else 0.02


cases = {
    "xy, decaying steps": (st.games.load("xy"), 500, 1 / (k + 1)),
    "R1, step sizes that change places": (
        st.games.load("dirac-gan-r1"),
        800,
        {"gen": swapping, "disc": lambda count: 0.31 - swapping(count)},
    ),
    "minmax point, two timescales": (
        st.games.load("ridge-1"),
        3000,
        {"x": 0.1 / (k + 1) ** sympy.Rational(9, 10), "y": 0.1 / (k + 1) ** sympy.Rational(3, 5)},
    ),
}
for name, (game, steps, schedule) in cases.items():
    found = st.along_schedule(game, st.Simultaneous(), schedule, steps=steps)
    frozen = "never" if found.stable_from is None else f"from step {found.stable_from} on"
    print(f"{name}: stable {frozen} if frozen; contracts: {found.contracts}")
    assert found.agreement.verdict == "yes"
