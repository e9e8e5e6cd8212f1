"""Portraits look as they did; a picture that lacks a layer does not.

When a change of their look is wanted, the pictures in baseline/ are drawn anew by
`python tests/plots/test_portrait_images.py`.
"""

from __future__ import annotations

from pathlib import Path

import portraits
import pytest
from matplotlib.testing.compare import compare_images

from stability.plots import portrait as draw_portrait
from stability.plots.style import figure

BASELINE = Path(__file__).parent / "baseline"
# The root mean square difference of the pixels, of 255. Other versions of Matplotlib set text by fractions
# of a pixel differently; a layer that is lost makes more of a difference, as the second test shows.
TOLERANCE = 5.0

LAYERS = {
    "bistable": (
        "basins",
        "streamlines",
        "nullclines",
        "separatrices",
        "path",
        "steps",
        "equilibria",
    ),
    "oscillator": ("streamlines", "cycles", "path", "equilibria"),
    "bilinear": ("nullclines", "path", "steps", "cycles", "equilibria"),
    "rotation": ("basins", "iterates", "cycles", "equilibria"),
    "logistic": ("cobweb",),
    "line": ("phase_line",),
}


def looks_as_before(name: str, folder: Path, tolerance: float) -> bool:
    drawn, ax = figure(height=3.4)
    draw_portrait(portraits.PORTRAITS[name](), ax)
    actual = folder / f"{name}.png"
    actual.write_bytes(portraits.png(drawn))
    return compare_images(str(BASELINE / f"portrait-{name}.png"), str(actual), tolerance) is None


@pytest.mark.parametrize("name", portraits.PORTRAITS)
def test_portrait_looks_as_before(name, tmp_path):
    assert looks_as_before(name, tmp_path, TOLERANCE)


@pytest.mark.parametrize(("name", "layer"), [(n, own) for n in LAYERS for own in LAYERS[n]])
def test_lost_layer_is_seen(name, layer, tmp_path, monkeypatch):
    monkeypatch.setattr(f"stability.plots.portrait.{layer}", lambda ax, *_, **__: ax)
    assert not looks_as_before(name, tmp_path, 2 * TOLERANCE)


if __name__ == "__main__":
    for name, make in portraits.PORTRAITS.items():
        drawn, ax = figure(height=3.4)
        draw_portrait(make(), ax)
        (BASELINE / f"portrait-{name}.png").write_bytes(portraits.png(drawn))
