"""How much R1 penalty does the Dirac-GAN need? Three phase portraits, from none to critical damping.

python examples/phase_portrait.py [picture.png]
"""

import sys
import tempfile
from pathlib import Path

import stability as st
from stability import plots

file = Path(sys.argv[1] if len(sys.argv) > 1 else Path(tempfile.mkdtemp()) / "dirac-gan-r1.png")
figure, axes = plots.figure(columns=3)
for ax, gamma in zip(axes, (0, 0.3, 1), strict=True):
    portrait = st.phase_portrait(
        st.games.dirac_gan_r1(gamma=gamma), rules=[st.Simultaneous(lr=0.1)], steps=200
    )
    ax.set_title(f"R1, γ = {gamma}", fontsize=9)
    plots.portrait(portrait, ax)
    (spot,) = portrait.spots
    print(
        f"gamma = {gamma}: {spot.type}, {spot.stability}; steps end at {portrait.steps[0].path.end}"
    )
figure.savefig(file)
print(f"wrote {file}")
