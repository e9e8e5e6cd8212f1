"""Sliders redraw the portrait; they are moved here without a browser."""

import sys

import pytest
import sympy

import stability as st
from stability.errors import InputError
from stability.plots.interactive import interactive

pytest.importorskip("ipywidgets")

x, y, a = sympy.symbols("x y a")
FLOW = st.SymbolicFlow({x: a * x - x**3}, parameters={a: 1}, box={"x": (-2, 2)})
GAME = st.SymbolicGame({"one": ([x], x * y + a * x**2), "two": ([y], -x * y)}, parameters={a: 0})


def parts(box):
    *sliders, picture, said = box.children
    return {slider.description: slider for slider in sliders}, picture, said


def test_a_slider_of_a_parameter_redraws():
    sliders, picture, said = parts(interactive(FLOW, time=5.0))
    (slider,) = sliders.values()
    assert (slider.description, slider.value, slider.min, slider.max) == ("a", 1.0, 0.0, 2.0)
    before = bytes(picture.value)
    assert before.startswith(b"\x89PNG")
    slider.value = 0.5
    assert picture.value != before
    slider.value = 1.0
    assert picture.value == before  # nothing of other values is left
    assert said.value == ""


def test_a_game_has_sliders_for_its_step_sizes():
    rule = st.Simultaneous(lr={"one": 0.1, "two": 0.01})
    sliders, picture, _ = parts(interactive(GAME, rule, steps=10))
    assert list(sliders) == ["a", "lr of one", "lr of two"]
    assert (sliders["a"].min, sliders["a"].max) == (-1.0, 1.0)
    assert sliders["lr of two"].value == pytest.approx(0.01)
    before = picture.value
    sliders["lr of one"].value = 0.3
    assert picture.value != before


def test_what_has_no_portrait_is_said_and_the_last_picture_stays(monkeypatch):
    module = sys.modules["stability.plots.interactive"]
    sliders, picture, said = parts(interactive(FLOW, time=5.0))
    before, compute = picture.value, module.phase_portrait

    def fails(*_, **__):
        raise InputError("1 < 2 is wrong")

    monkeypatch.setattr(module, "phase_portrait", fails)
    sliders["a"].value = 0.5
    assert said.value == "1 &lt; 2 is wrong"
    assert picture.value == before
    monkeypatch.setattr(module, "phase_portrait", compute)
    sliders["a"].value = 0.7
    assert said.value == ""
    assert picture.value != before


def test_ranges_of_sliders():
    sliders, _, _ = parts(interactive(FLOW, ranges={"a": (-2, 3)}, time=5.0))
    assert (sliders["a"].min, sliders["a"].max) == (-2.0, 3.0)


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"ranges": {"b": (0, 1)}}, "no parameter 'b'"),
        ({"ranges": {"a": (1, 0)}}, "slider of a"),
        ({"ranges": {"a": (0, float("inf"))}}, "slider of a"),
        ({"rules": []}, "one rule"),
        ({"time": -1.0}, "time"),
    ],
)
def test_bad_input_gets_one_sentence(arguments, fragment):
    with pytest.raises(InputError, match=fragment) as caught:
        interactive(FLOW, **arguments)
    assert "\n" not in str(caught.value)


def test_without_ipywidgets_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(InputError, match="ipywidgets"):
        interactive(FLOW)
