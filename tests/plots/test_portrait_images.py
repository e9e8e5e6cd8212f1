"""Portraits look as they did, and a picture that lacks a layer does not.

When a change of their look is wanted, the pictures in baseline/ are drawn anew by
`python tests/plots/test_portrait_images.py`.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import portraits
import pytest
from matplotlib.testing.compare import compare_images

from stability.plots import portrait as draw_portrait
from stability.plots.style import figure

BASELINE = Path(__file__).parent / "baseline"
# The root mean square difference of the pixels, of 255. Other versions of Matplotlib may set text by a
# fraction of a pixel differently; the least of the layers, one equilibrium, makes a difference of 3.7.
TOLERANCE = 2.5

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


def drawn(name: str):
    made, ax = figure(height=3.4)
    draw_portrait(portraits.PORTRAITS[name](), ax)
    return made


def looks_as_before(made, name: str, folder: Path) -> bool:
    actual = folder / f"{name}.png"
    actual.write_bytes(portraits.png(made))
    return compare_images(str(BASELINE / f"portrait-{name}.png"), str(actual), TOLERANCE) is None


@pytest.mark.parametrize("name", portraits.PORTRAITS)
def test_portrait_looks_as_before(name, tmp_path):
    assert looks_as_before(drawn(name), name, tmp_path)


@pytest.mark.parametrize(("name", "layer"), [(n, own) for n in LAYERS for own in LAYERS[n]])
def test_lost_layer_is_seen(name, layer, tmp_path, monkeypatch):
    # The layer's artists are hidden once all is in its place: its entry in the legend stays.
    module = importlib.import_module("stability.plots.portrait")
    whole, added = getattr(module, layer), []

    def recorded(ax, *given, **settings):
        before = set(ax.get_children())
        whole(ax, *given, **settings)
        added.extend(set(ax.get_children()) - before)
        return ax

    monkeypatch.setattr(module, layer, recorded)
    made = drawn(name)
    assert added
    for artist in added:
        artist.set_visible(False)
    assert not looks_as_before(made, name, tmp_path)


if __name__ == "__main__":
    for name in portraits.PORTRAITS:
        (BASELINE / f"portrait-{name}.png").write_bytes(portraits.png(drawn(name)))
