"""How numbers, eigenvalues and settings are written for people."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability.documents.numbers import SPACE, beside, eigenvalues, number, radius, within
from stability.documents.settings import settings


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        (float("nan"), "—"),
        (-0.0, "0"),
        (-1 / 3, "−0.333333"),
        (1234567.0, "1.23457e+06"),
        (-2.5e-12, "−2.5e-12"),
    ],
)
def test_numbers(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.0, "1"),
        (0.974679434, "0.974679"),
        (1.00000025, "1.00000025"),
        (0.9999999, "0.9999999"),
        (0.99998, "0.99998"),
        (1 + 2.2e-13, "1 + 2.2e-13"),
        (1 - 1e-12, "1 − 1.0e-12"),
        (0.0, "0"),
    ],
)
def test_a_radius_is_never_rounded_to_one(value, shown):
    assert radius(value).replace(SPACE, " ") == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([-0.15 + 0.477j, -0.15 - 0.477j], "−0.15 ± 0.477i"),
        ([1j, -1j], "±i"),
        ([2.0, -3.0], "2, −3"),
        ([-0.5, -0.5], "−0.5 (twice)"),
        ([1j, 1j, -1j, -1j], "±i (twice)"),
        ([-1 + 2j, -1 + 1j, -1 - 1j, -1 - 2j], "−1 ± 2i, −1 ± i"),
        ([1e-18 + 0.5j, 1e-18 - 0.5j], "±0.5i"),
        ([1 + 2j], "1 + 2i"),
    ],
)
def test_eigenvalues(values, shown):
    assert eigenvalues(np.array(values), "flow").replace(SPACE, " ") == shown


def test_eigenvalues_split_by_rounding_within_their_error_are_one():
    values = np.array([-0.5 + 1e-9j, -0.5 - 1e-9j])
    assert eigenvalues(values, "flow", 2e-8).replace(SPACE, " ") == "−0.5 (twice)"
    assert "1e-09i" in eigenvalues(values, "flow", 1e-12)


def test_the_leading_multipliers_are_the_largest():
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, -0.99])
    assert eigenvalues(values, "map") == "−0.99, 0.9, 0.8, 0.7, 0.6, 0.5, … and 3 more"
    assert eigenvalues(values, "flow") == "0.9, 0.8, 0.7, 0.6, 0.5, 0.4, … and 3 more"


def test_settings_are_written_as_on_the_command_line():
    given = {"lr": {"": 0.1, "disc": 0.25}, "steps": 2, "order": ["gen", "disc"], "beta": None}
    assert settings(given) == "lr=0.1, lr.disc=0.25, steps=2, order=gen+disc"
    assert settings({"inner": {"rule": "heun"}, "fast": True}) == "inner.rule=heun, fast=true"


# ---- What is written does not deny what is known ------------------------------------------------

EXACT = {"−": "-", SPACE: " "}


def read(text: str) -> Fraction:
    """A number as it was written, exactly: `0.999`, `1 − 3.2e-12`."""
    for written, plain in EXACT.items():
        text = text.replace(written, plain)
    whole, *rest = re.split(r" (?=[+-] )", text)
    return Fraction(whole) + sum(Fraction(part.replace(" ", "")) for part in rest)


distances = st.floats(-300, 2).map(lambda exponent: 10.0**exponent)


@given(distances, st.sampled_from([0.0, 1.0]), st.booleans(), st.sampled_from([4, 6, 9]))
def test_a_number_on_a_known_side_of_a_boundary_is_written_there(distance, boundary, below, digits):
    x = boundary - distance if below else boundary + distance
    text = beside(x, boundary, below, digits)
    if x == boundary:
        assert text == f"just {'below' if below else 'above'} {boundary:g}"
    else:
        assert (read(text) < boundary) if below else (read(text) > boundary)


@given(distances, st.booleans())
def test_a_number_that_rounding_has_put_on_the_wrong_side_is_not_written(distance, below):
    x = 1.0 + distance if below else 1.0 - distance
    assert beside(x, 1.0, below) == f"just {'below' if below else 'above'} 1"


@given(st.floats(0, 2))
def test_a_radius_is_written_on_its_side_of_one(x):
    written = read(radius(x))
    assert (written > 1, written < 1) == (x > 1, x < 1)


@given(st.floats(-1, 1), st.floats(-14, 0).map(lambda exponent: 10.0**exponent))
def test_a_number_with_its_error_is_true(x, error):
    shown, bound = within(x, error).split(" ± ")
    assert abs(Fraction(shown) - Fraction(x)) <= Fraction(2.1) * Fraction(error)
    assert float(bound) == pytest.approx(error, rel=0.5)


def test_what_is_not_told_from_zero_or_one_is_written_so():
    assert within(1.1e-16, 2.2e-14) == "0 ± 2e-14"
    assert within(0.9994, 0.01) == "1.00 ± 0.01"
    assert radius(1 + 6.7e-16, 3e-15) == "1"
    assert radius(1 + 6.7e-16).replace(SPACE, " ") == "1 + 6.7e-16"
