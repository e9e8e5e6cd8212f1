"""Where explicit steps are stable: regions in the plane of hλ, and both players' step sizes on the Dirac-GAN.

The picture goes to the folder given as argument, else to a temporary one.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import stability as st
from stability import plots

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
figure, axes = plots.figure(2, width=3.9, height=3.6)

game = st.games.dirac_gan_r1()
(origin,) = st.report(game, rules=[]).equilibria
rules = [st.Simultaneous(), st.Extragradient(), st.Optimistic(), st.RK4()]
plots.stability_regions(rules, eigenvalues=origin.flows[0].eigenvalues, ax=axes[0])

steps = np.linspace(0.05, 6, 100)
over = {"lr.gen": steps, "lr.disc": steps}
sweep = st.sweep(game, over, "spectral_radius", rule=st.Alternating())
region = st.step_region(game, st.Alternating(), rays=9)
plots.radius(sweep, region, axes[1])

for row in st.compare(game, rules=[*rules, st.Alternating()]).rows:
    critical, best, radius = row.critical_lr, row.best_lr, row.best_spectral_radius
    print(f"{row.name:14} stable below {critical:.3f}, fastest at {best:.3f} (radius {radius:.3f})")
gen, disc = region.critical[len(region.critical) // 2]
print(f"alternating, equal steps: critical at lr.gen = {gen:.3f}, lr.disc = {disc:.3f}")

(folder / "stability_regions.png").write_bytes(plots.picture(figure, "png"))
print(f"drawn in {folder / 'stability_regions.png'}")
