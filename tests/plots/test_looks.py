"""One look for each algorithm, whatever the picture."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import stability as st
from stability.plots.looks import look, looks
from stability.plots.rate_curves import rates
from stability.plots.spectra import multipliers
from stability.plots.style import ALGORITHMS, FLOW, MODIFIED
from stability.rules import RULES

# Machado, Oliveira and Fernandes 2009: linear RGB as people without one kind of cones see it
_DEFICIENT = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


def test_the_first_eight_algorithms_have_a_colour_of_their_own_in_every_picture():
    names = list(RULES)[: len(ALGORITHMS)]
    assert [looks([name])[name].color for name in names] == list(ALGORITHMS)
    assert FLOW not in ALGORITHMS
    assert MODIFIED not in ALGORITHMS
    several = looks([f"{name}, lr=0.1" for name in names])
    assert [own.color for own in several.values()] == list(ALGORITHMS)


def test_looks_depend_on_no_order_and_no_step_size():
    labels = ["rk4", "simultaneous, lr=0.2"]
    labels += ["heavy-ball, beta=-0.5, lr=0.1", "heavy-ball, beta=0.5, lr=0.2"]
    first = looks(labels)
    assert all(looks(order) == first for order in permutations(labels))
    bare = looks(["simultaneous", "heavy-ball:beta=-0.5", "heavy-ball:beta=0.5", "rk4"])
    assert [bare[name] for name in sorted(bare)] == [first[name] for name in sorted(first)]
    assert len({own.color for own in first.values()}) == 4


def test_more_than_eight_differ_in_marker_and_line():
    many = [look(n) for n in range(40)]
    assert len(set(many)) == 40
    assert len(set(looks(f"rule-{n}" for n in range(20)).values())) == 20
    for one, other in combinations(many[:24], 2):
        same = one.color == other.color
        assert not same or (one.marker != other.marker and one.line != other.line)


def test_colours_are_told_apart_without_one_kind_of_cones():
    colors = np.array([to_rgb(color) for color in ALGORITHMS])
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    for matrix in _DEFICIENT.values():
        seen = np.clip(linear @ np.array(matrix).T, 0, 1) ** (1 / 2.2)
        apart = [np.linalg.norm(a - b) for a, b in combinations(seen, 2)]
        assert min(apart) > 0.1  # 0.04 is just seen on large patches


def test_an_algorithm_has_one_colour_in_all_pictures_of_a_report():
    game, rules = (
        st.load("dirac-gan-r1"),
        [st.Alternating(), st.Simultaneous(), st.Alternating(lr=0.3)],
    )
    study = st.study(game, rules=rules)
    drawn = multipliers(st.report(study), Figure().subplots())
    dots = {
        str(own.get_label()).split(" (")[0]: own.get_markeredgecolor() for own in drawn.get_lines()
    }
    portrait = st.plots.portrait(st.phase_portrait(study, steps=5), Figure().subplots())
    steps = {own.get_label(): own.get_color() for own in portrait.get_lines()}
    for rule in ("alternating, lr=0.1", "simultaneous, lr=0.1", "alternating, lr=0.3"):
        assert dots[rule] == steps[rule]
    curves = rates(st.rate_curves(study, rules[:2]), Figure().subplots())
    lines = {own.get_label(): own.get_color() for own in curves.get_lines()}
    assert lines["alternating"] == steps["alternating, lr=0.1"]
    assert lines["simultaneous"] == steps["simultaneous, lr=0.1"]
