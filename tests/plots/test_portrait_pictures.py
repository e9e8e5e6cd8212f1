"""Phase portraits look as they did when somebody last looked at them.

The pictures in `baseline` are compared pixel by pixel. After a change that is meant to be seen, draw them
anew with `python tests/plots/test_portrait_pictures.py` and look at them.
"""

import io
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stability as st
from stability.phase.portray import phase_portrait
from stability.plots.portrait import portrait
from stability.plots.style import figure, styled

BASELINE = Path(__file__).parent / "baseline"
DPI = 80
# Root mean square over all pixels and channels, of 255. The same versions draw the same picture; another
# Matplotlib shifts the antialiased edges of letters, which costs about 1 at most. The smallest thing that may be
# lost, one marker of 6 points, costs more than 3: `test_a_lost_layer_is_noticed` keeps twice this distance.
TOLERANCE = 1.5

FIGURES = {
    "fitzhugh-nagumo": {"basins": "flow"},
    "dirac-gan-r1": {"rules": [st.Alternating(lr=0.4)], "steps": 12},
    "dirac-gan-nonsaturating": {"rules": [st.Simultaneous(lr=0.2)]},
    "tandem": {"steps": 20},
    "henon": {"steps": 40},  # chaos would make rounding visible after a hundred
    "logistic": {"steps": 20},
    "van-der-pol": {},
}
LAYERS = ("grid", "spots", "nullclines", "separatrices", "cycles", "basins", "paths", "steps")


@cache
def computed(name):
    return phase_portrait(st.load(name), **FIGURES[name])


@pytest.fixture(scope="module", params=list(FIGURES))
def name(request):
    return request.param


def png(found, legend=True):
    made, ax = figure()
    portrait(found, ax, legend=legend)
    stream = io.BytesIO()
    with styled():
        made.savefig(stream, format="png", dpi=DPI)
    return stream.getvalue()


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)


def difference(one, other):
    one, other = pixels(one), pixels(other)
    assert one.shape == other.shape
    return float(np.sqrt(np.mean((one - other) ** 2)))


def without(found, layer):
    """The portrait with a layer lost."""
    return replace(found, **{layer: None if layer in ("grid", "basins") else ()})


def test_the_picture_is_as_it_was(name, tmp_path):
    now = png(computed(name))
    (tmp_path / "now.png").write_bytes(now)
    found = difference(now, (BASELINE / f"{name}.png").read_bytes())
    assert found <= TOLERANCE, f"{name} has changed; look at {tmp_path / 'now.png'}"


def test_a_lost_layer_is_noticed(name):
    # without a legend, which would lose an entry and so be noticed anyway
    found = computed(name)
    whole = png(found, legend=False)
    present = [layer for layer in LAYERS if getattr(found, layer) not in (None, ())]
    assert present
    for layer in present:
        assert difference(whole, png(without(found, layer), legend=False)) > 2 * TOLERANCE, layer


def test_every_layer_is_in_some_picture():
    seen = {
        layer for name in FIGURES for layer in LAYERS if getattr(computed(name), layer) not in (None, ())
    }  # fmt: skip
    assert seen == set(LAYERS)
    kinds = {field.name for field in fields(computed("logistic"))}
    assert kinds - seen == {"kind", "name", "variables", "parameters", "plane", "graph", "remarks"}


def test_one_lost_equilibrium_is_noticed():
    found = computed("fitzhugh-nagumo")
    whole = png(found, legend=False)
    for i in range(3):
        spots = found.spots[:i] + found.spots[i + 1 :]
        assert difference(whole, png(replace(found, spots=spots), legend=False)) > 2 * TOLERANCE


def test_lost_half_steps_are_noticed():
    found = computed("dirac-gan-r1")
    assert found.steps[0].half is not None
    whole = tuple(replace(own, half=None) for own in found.steps)
    lost = png(replace(found, steps=whole), legend=False)
    assert difference(png(found, legend=False), lost) > 2 * TOLERANCE


def test_the_lost_cycle_of_the_steps_is_noticed():
    found = computed("dirac-gan-nonsaturating")
    assert len(found.steps[0].cycles) == 1
    lost = png(
        replace(found, steps=tuple(replace(own, cycles=()) for own in found.steps)), legend=False
    )
    assert difference(png(found, legend=False), lost) > 2 * TOLERANCE


def test_a_lost_legend_is_noticed(name):
    lost = difference(png(computed(name), legend=False), (BASELINE / f"{name}.png").read_bytes())
    assert lost > 2 * TOLERANCE


def test_the_legend_names_the_cycle_of_the_steps():
    _, ax = figure()
    portrait(computed("dirac-gan-nonsaturating"), ax)
    texts = [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()]
    assert "cycle of simultaneous, lr=0.2" in texts
    assert "simultaneous, lr=0.2" in texts


if __name__ == "__main__":
    BASELINE.mkdir(exist_ok=True)
    for own in FIGURES:
        (BASELINE / f"{own}.png").write_bytes(png(computed(own)))
