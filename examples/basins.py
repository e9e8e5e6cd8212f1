"""Which equilibrium does training find? Basins of the polynomial game, whose fourth attractor is not Nash.

The picture goes to the folder given as argument, else to a temporary one.
"""

import sys
import tempfile
from pathlib import Path

import stability as st
from stability import plots

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
game, box = st.games.polynomial(), {"y": (-13, 12)}

for e in st.report(game, rules=[], box=box).equilibria:
    nash, stability = e.conditions.differential_nash, e.flows[0].stability  # pyright: ignore
    place = ", ".join(f"{value:.4g}" for value in e.point.values())
    print(f"({place}): {stability.verdict}, differential Nash: {nash.verdict}")

start = {"x": -6, "y": -12}
portrait = st.phase_portrait(game, rules=[], box=box, starts=[start], basins="flow", curves=False)
assert portrait.basins is not None  # they were asked for
for number, name in enumerate(portrait.basins.names):
    share = (portrait.basins.labels == number).mean()
    print(f"{share:.1%} of the starts go to {name}")

ax = plots.portrait(portrait)
(folder / "basins.png").write_bytes(plots.picture(ax.figure, "png"))  # pyright: ignore
print(f"drawn in {folder / 'basins.png'}")
