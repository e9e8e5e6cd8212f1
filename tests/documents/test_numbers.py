"""How numbers, eigenvalues and settings are written for people."""

import numpy as np
import pytest

from stability.documents.numbers import SPACE, eigenvalues, number, radius
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
