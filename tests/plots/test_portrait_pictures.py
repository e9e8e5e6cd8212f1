"""The portraits of games that everybody knows look as they did when somebody last looked at them.

The pictures baseline/game-*.png are compared pixel by pixel. After a change that is meant to be seen, draw
them anew with `python tests/plots/test_portrait_pictures.py` and look at them.
"""

import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stability as st
from stability.phase.portray import phase_portrait
from stability.plots.portrait import portrait
from stability.plots.style import figure
from tests.plots import portraits

BASELINE = Path(__file__).parent / "baseline"
# Root mean square over all pixels, of 255. The same versions draw the same picture; letters set a fraction of
# a pixel apart cost about 1. The least that can be lost, one marker of 6 points, costs more than 3, and
# the tests of what is lost keep twice the tolerance.
TOLERANCE = 1.5

FIGURES = {
    "fitzhugh-nagumo": {"basins": "flow"},
    "dirac-gan-r1": {"rules": [st.Alternating(lr=0.4)], "steps": 12},
    "dirac-gan-nonsaturating": {"rules": [st.Simultaneous(lr=0.2)]},
    "tandem": {"starts": [(2.0, 1.0), (-1.5, -0.5)], "steps": 20},
    "henon": {"steps": 40},  # chaos makes rounding visible after a hundred
    "logistic": {"steps": 20},
}
# of every kind and with every layer; the others take long to compute
QUICK = ("fitzhugh-nagumo", "dirac-gan-r1", "henon", "logistic")
LAYERS = ("grid", "spots", "nullclines", "separatrices", "basins", "paths", "steps")


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in FIGURES],
)
def name(request):
    return request.param


@cache
def computed(name):
    return phase_portrait(st.load(name), **FIGURES[name])


def png(found, legend=True):
    made, ax = figure()
    portrait(found, ax, legend=legend)
    return portraits.png(made)


def difference(one, other):
    first, second = (
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)
        for data in (one, other)
    )
    assert first.shape == second.shape
    return float(np.sqrt(np.mean((first - second) ** 2)))


def baseline(name):
    return BASELINE / f"game-{name}.png"


def layers_of(found):
    return [layer for layer in LAYERS if getattr(found, layer) not in (None, ())]


def assert_noticed(found, lost):
    # without a legend, which would lose an entry and so be noticed anyway
    assert difference(png(found, legend=False), png(lost, legend=False)) > 2 * TOLERANCE


def test_the_picture_is_as_it_was(name, tmp_path):
    now = png(computed(name))
    (tmp_path / "now.png").write_bytes(now)
    found = difference(now, baseline(name).read_bytes())
    assert found <= TOLERANCE, f"{name} looks different, see {tmp_path / 'now.png'}"


def test_a_lost_layer_is_noticed(name):
    found = computed(name)
    whole = png(found, legend=False)
    for layer in layers_of(found):
        lost = replace(found, **{layer: None if layer in ("grid", "basins") else ()})
        assert difference(whole, png(lost, legend=False)) > 2 * TOLERANCE, layer


def test_a_lost_legend_is_noticed(name):
    lost = png(computed(name), legend=False)
    assert difference(lost, baseline(name).read_bytes()) > 2 * TOLERANCE


@pytest.mark.parametrize("i", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in (1, 2))])
def test_one_lost_equilibrium_is_noticed(i):
    found = computed("fitzhugh-nagumo")
    assert_noticed(found, replace(found, spots=found.spots[:i] + found.spots[i + 1 :]))


@pytest.mark.parametrize(
    ("name", "part", "nothing"),
    [
        ("dirac-gan-r1", "half", None),
        pytest.param("dirac-gan-nonsaturating", "cycles", (), marks=pytest.mark.slow),
    ],
)
def test_lost_parts_of_the_steps_are_noticed(name, part, nothing):
    found = computed(name)
    (steps,) = found.steps
    assert getattr(steps, part)
    assert_noticed(found, replace(found, steps=(replace(steps, **{part: nothing}),)))


def test_every_layer_is_in_some_picture():
    assert {layer for name in QUICK for layer in layers_of(computed(name))} == set(LAYERS)


if __name__ == "__main__":
    for own in FIGURES:
        baseline(own).write_bytes(png(computed(own)))
