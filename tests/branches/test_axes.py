"""What a name means, and what it does not."""

import pytest

import stability as st
from stability.branches.axes import Setup, resolve


def setup(**changes):
    return Setup(
        **{
            "parameters": {"gamma": 0.3, "a": 1},
            "field": st.TwoTimescale(tau=2.0),
            "rule": st.Alternating(lr=0.1),
            "players": ("x", "y"),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("name", "owner", "setting", "player"),
    [
        ("gamma", "parameter", "gamma", None),
        ("parameter.a", "parameter", "a", None),
        ("lr", "rule", "lr", None),
        ("alternating.lr", "rule", "lr", None),
        ("lr.y", "rule", "lr", "y"),
        ("two-timescale.tau", "field", "tau", None),
        ("tau", "field", "tau", None),
        ("tau.x", "field", "tau", "x"),
    ],
)
def test_names(name, owner, setting, player):
    axis = resolve(name, setup())
    assert (axis.name, axis.owner, axis.setting, axis.player) == (name, owner, setting, player)


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("beta", "there is gamma, a, two-timescale.tau"),
        ("lr.z", "no lr.z"),
        ("steps", "whole number"),
        ("order", "no order"),
        ("", "no "),
    ],
)
def test_names_that_mean_nothing(name, fragment):
    with pytest.raises(st.InputError, match=fragment):
        resolve(name, setup())


def test_a_name_with_two_meanings():
    both = setup(field=st.fields.Consensus(gamma=0.1))
    with pytest.raises(st.InputError, match=r"parameter\.gamma or consensus\.gamma"):
        resolve("gamma", both)
    assert resolve("consensus.gamma", both).owner == "field"
    assert resolve("parameter.gamma", both).owner == "parameter"


def test_values_are_put_in():
    before = setup()
    one = before.with_value(resolve("lr.y", before), 0.5)
    assert one.rule.lr == {"": 0.1, "y": 0.5}
    assert one.value(resolve("lr.y", one)) == 0.5
    assert one.value(resolve("lr.x", one)) == 0.1
    assert before.rule.lr == 0.1
    assert before.with_value(resolve("gamma", before), 2).parameters == {"gamma": 2, "a": 1}
    with pytest.raises(st.InputError, match="positive"):
        before.with_value(resolve("lr", before), 0.0)


def test_penalties_have_settings_too():
    from stability.penalties import GradientNorm

    own = setup(penalties=(GradientNorm(0.2),))
    axis = resolve("gradient-norm.coefficient", own)
    assert own.value(axis) == 0.2
    assert own.with_value(axis, 0.7).penalties[0].coefficient == 0.7
