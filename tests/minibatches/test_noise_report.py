"""Noise in reports and on the command line, and what is not possible."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from jsonschema import Draft202012Validator

import stability as st
from stability.minibatches.minibatches import sample_fields
from tests.cli.commands import in_process
from tests.minibatches.noisy_games import dirac, scalar

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
GAME = """
import jax.numpy as jnp, numpy as np, stability as st
a, b = np.array([0.5, 1.0, 3.0, 0.2]), np.array([1.0, -1.0, 0.5, -0.5])
loss = lambda x, a, b: jnp.mean(a * x**2 / 2 + b * x)
game = st.Game({"x": loss}, start={"x": 0.0}, data=(a, b))
"""


@cache
def game():
    return scalar((0.5, 1.0, 3.0, 0.2), (1.0, -1.0, 0.5, -0.5))


def test_a_report_with_and_without_minibatches():
    g, rest = game()
    rules = [st.Simultaneous(lr=0.3), st.Proximal(lr=0.3)]
    plain = st.report(g, rules=rules, at={"x": rest})
    noisy = st.report(g, rules=rules, at={"x": rest}, batch=2)
    before, after = json.loads(plain.to_json()), json.loads(noisy.to_json())
    Draft202012Validator(SCHEMA).validate(after)
    entries = [rule.pop("noise") for rule in after["equilibria"][0]["rules"]]
    assert before == after  # nothing else changes
    assert "Minibatches" not in plain.to_text()
    assert [entry["method"] for entry in entries] == ["moments", "enumeration"]
    found = st.noise(g, [rest], rules[0], batch=2)
    assert entries[0] == json.loads(json.dumps(found.to_dict()))
    assert entries[0]["standard_deviation"]["x"] == pytest.approx(np.sqrt(found.trace))
    text = " ".join(noisy.to_text(width=100).split())
    assert "Minibatches of 2 of 4 samples, drawn with replacement" in text
    assert f"Mean-square critical lr: {found.mean_square_lr:.6g}." in text
    assert str(found).startswith("simultaneous")


def test_rules_of_which_minibatches_say_nothing():
    g = dirac(np.array([-1.0, 1.0]), 1.0)
    report = st.report(g, rules=[st.Unrolled(lr=0.1)], at={"disc.psi": 0, "gen.theta": 0}, batch=1)
    (rule,) = json.loads(report.to_json())["equilibria"][0]["rules"]
    assert rule["noise"]["mean_square_stability"]["verdict"] == "undecided"
    assert "unrolled needs more of a sample" in rule["noise"]["mean_square_stability"]["because"]
    assert rule["noise"]["mean_square_radius"] is None


def test_away_from_rest_there_are_no_stationary_numbers():
    g, rest = game()
    found = st.noise(g, {"x": rest + 0.1}, st.Simultaneous(), batch=1)
    assert found.stability.verdict == "undecided"
    assert "not stationary" in found.stability.because
    assert found.covariance is found.mean_square_radius is found.mean_square_lr is None
    assert found.field_covariance[0, 0] > 0  # that of the field itself is known everywhere
    report = st.report(g, at={"x": rest + 0.1}, batch=1)
    assert report.equilibria[0].rules[0].noise.stability.verdict == "undecided"


def test_a_point_in_single_precision_stands_for_the_rest_point():
    g, rest = game()
    exact = st.noise(g, [rest], st.Simultaneous(), batch=1)
    rounded = st.noise(g, np.array([rest], dtype=np.float32), st.Simultaneous(), batch=1)
    assert rounded.trace == pytest.approx(exact.trace, rel=1e-12)


def test_a_curve_of_equilibria_lets_the_iterate_wander():
    b = np.array([1.0, -1.0])
    g = st.Game(
        {"x": lambda x, y, b: jnp.mean((x + y) ** 2 + b * x), "y": lambda x, y, b: (x + y) ** 2},
        start={"x": 0.0, "y": 0.0},
        data=(b,),
    )
    found = st.noise(g, [0.0, 0.0], st.Simultaneous(lr=0.1), batch=1)
    assert found.stability.verdict == "undecided"
    assert "along the equilibria" in found.stability.because
    assert found.covariance is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch": 0}, "minibatch is a whole number"),
        ({"batch": 2.5}, "minibatch is a whole number"),
        ({"batch": 5, "replacement": False}, "without replacement from 4 samples"),
        ({"batch": 1, "replacement": "no"}, "replacement is true or false"),
        ({"batch": 1, "fresh": 1}, "fresh is true or false"),
        ({"batch": 1, "draws": 3}, "whole number from 100"),
        ({"batch": 1, "seed": -1}, "seed is a whole number"),
        ({"batch": 1, "field": st.Consensus(0.1)}, "not the mean of those of its samples"),
        ({"batch": 1, "field": "gradient"}, "no field"),
        ({"batch": 1, "x": [np.nan]}, "not a finite real number"),
        ({"batch": 1, "x": [0.0, 0.0]}, "shape"),
        ({"batch": 1, "x": {"z": 0.0}}, "z"),
        ({"batch": 1, "rule": "adam"}, "no rule"),
        ({"batch": 1, "game": st.games.dirac_gan()}, "takes a game with data"),
    ],
)
def test_bad_input_is_one_sentence(options, words):
    g, rest = game()
    arguments = {"game": g, "x": [rest], "rule": st.Simultaneous(), **options}
    with pytest.raises(st.InputError, match=words) as caught:
        st.noise(arguments.pop("game"), arguments.pop("x"), arguments.pop("rule"), **arguments)
    assert "\n" not in str(caught.value)


def test_losses_that_are_no_means_over_samples():
    data = (np.array([1.0, 2.0]),)
    sums = st.Game({"x": lambda x, b: jnp.sum((x - b) ** 2)}, start={"x": 0.0}, data=data)
    with pytest.raises(st.InputError, match="means over the samples"):
        st.noise(sums, [1.5], st.Simultaneous(), batch=1)
    no_data = st.Game({"x": lambda x: x**2}, start={"x": 0.0})
    with pytest.raises(st.InputError, match="has no data"):
        st.noise(no_data, [0.0], st.Simultaneous(), batch=1)
    with pytest.raises(st.InputError, match="has no data"):
        st.report(st.games.dirac_gan(), batch=4)
    with pytest.raises(st.InputError, match="a flow has none"):
        st.report(st.Flow(lambda x: -x, dimension=1), batch=4)
    many = np.broadcast_to(np.float64(1.0), (200_000_000,))  # no memory is taken
    large = game()[0].with_data(many, many)
    with pytest.raises(st.InputError, match="give fewer samples"):
        sample_fields(st.Gradient().flow(large), np.zeros(1))


def test_the_command_line(tmp_path):
    path = tmp_path / "noisy.py"
    path.write_text(GAME, encoding="utf-8")
    options = ("--batch", "2", "--rule", "simultaneous:lr=0.3", "--json")
    done = in_process("report", f"{path}:game", *options)
    assert done.returncode == 0
    report = json.loads(done.stdout)
    Draft202012Validator(SCHEMA).validate(report)
    g, rest = game()
    expected = st.noise(g, [rest], st.Simultaneous(lr=0.3), batch=2).mean_square_lr
    (rule,) = report["equilibria"][0]["rules"]
    assert rule["noise"]["mean_square_lr"] == pytest.approx(expected, rel=1e-9)
    refused = in_process("report", "dirac-gan", "--batch", "2")
    assert refused.returncode == 2
    assert "has no data" in refused.stderr
    assert "Traceback" not in refused.stderr
