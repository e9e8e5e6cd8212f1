"""A flow with friction converges, its simultaneous steps diverge: what do the steps really follow?

    python examples/continuous_against_discrete.py [picture.png]

The system is that of Rosca et al. (2021), "Discretization drift in two-player games".
"""

import sys
import tempfile
from pathlib import Path

import sympy

import stability as st
from stability import plots

file = Path(sys.argv[1] if len(sys.argv) > 1 else Path(tempfile.mkdtemp()) / "drift.png")
x, y, epsilon = sympy.symbols("x y epsilon")
game = st.SymbolicGame(
    {"x": ([x], epsilon * x**2 / 2 - x * y), "y": ([y], epsilon * y**2 / 2 + x * y)},
    parameters={epsilon: 0.09},
    start={x: 1, y: 0},
    name="Friction against the step",
)
rules = [st.Simultaneous(lr=0.2), st.Alternating(lr=0.2)]
(equilibrium,) = st.report(game, rules=rules).equilibria
flow = equilibrium.flows[0]
assert flow.eigenvalues is not None
print(f"flow: {flow.eigenvalues[0]:.4f}, {flow.stability.verdict}")
for rule in equilibrium.rules:
    assert rule.drift is not None  # neither rule has a memory
    print(f"{rule.rule}: modified flow {rule.drift.first[0]:.4f}, {rule.stability.verdict}")
plots.trajectory(st.follow(game, rules=rules, steps=100))[0].figure.savefig(file)
print(f"wrote {file}")
