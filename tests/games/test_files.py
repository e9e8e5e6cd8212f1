from __future__ import annotations

import re
import time

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, Symbol, pi, sqrt

from stability.errors import GameFileError
from stability.games.files import read_game_file
from tests.games.bad_files import BAD_FILES, GAME

x, y, gamma = sp.symbols("x y gamma", real=True)

XY = """
# a comment
name = "xy with a penalty"
[players.y]
strategy = ["y"]
payoff = "x*y"
[players.x]
strategy = ["x"]
loss = "x*y + gamma/2*x**2"
[parameters]
gamma = 0.1
unused = "sqrt(2)/2"
[box]
x = [-2, 2]
y = ["-pi", 2.5e0]
[start]
x = 1.0
y = "1/3"
"""


def test_a_game():
    file = read_game_file(XY, filename="games/xy.toml")
    assert file.kind == "game"
    assert file.name == "xy with a penalty"
    assert file.variables == (y, x)  # the order of the players in the file
    assert list(file.players.items()) == [("y", (y,)), ("x", (x,))]
    assert dict(file.losses) == {"x": x * y + gamma * x**2 / 2, "y": -x * y}
    assert file.payoffs == {"y"}
    assert file.equations == ()
    assert dict(file.parameters) == {
        gamma: Rational(1, 10),
        Symbol("unused", real=True): sqrt(2) / 2,
    }
    assert dict(file.box) == {"x": (-2, 2), "y": (-pi, Rational(5, 2))}
    assert dict(file.start) == {"x": 1, "y": Rational(1, 3)}


@pytest.mark.parametrize("kind", ["flow", "map"])
def test_a_general_system(kind):
    text = f'[{kind}]\nx = "y"\ny = "mu*(1 - x**2)*y - x"\n[parameters]\nmu = 1\n'
    file = read_game_file(text, filename="/some/where/oscillator.toml")
    mu = Symbol("mu", real=True)
    assert file.kind == kind
    assert file.name == "oscillator"
    assert file.variables == (x, y)
    assert file.equations == (y, mu * (1 - x**2) * y - x)
    assert file.players == file.losses == file.box == file.start == {}
    assert file.payoffs == frozenset()


def test_strategies_of_several_variables_and_tables_in_any_order():
    text = """
    [box]
    b = [0, 1]
    [players.two]
    strategy = ["b", "a"]
    loss = "a*b*c"
    [players."one"]
    strategy = ["c"]
    payoff = "k*c"
    [constants]
    k = 2
    """
    file = read_game_file(text)
    a, b, c = sp.symbols("a b c", real=True)
    assert file.variables == (b, a, c)
    assert file.losses["one"] == -2 * c
    assert list(file.box) == ["b"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.1", Rational(1, 10)),
        ("1e-3", Rational(1, 1000)),
        ("-1_000.25", -Rational(4001, 4)),
        ("+2.5E+1", 25),
        ("3", 3),
        ("-3", -3),
        ("1_000", 1000),
        ("0x10", 16),
        ('"8/3"', Rational(8, 3)),
        ('"sqrt(2)"', sqrt(2)),
        ('"pi/2"', pi / 2),
        ('"2*k"', 2 * sqrt(3)),
        ("0.1234567890123456789012345", Rational("0.1234567890123456789012345")),
    ],
)
def test_numbers_are_exact(value, expected):
    text = f'[flow]\nx = "g*x"\n[constants]\nk = "sqrt(3)"\n[parameters]\ng = {value}\n'
    (found,) = read_game_file(text).parameters.values()
    assert found == expected


def test_constants_may_use_earlier_ones_and_are_put_in():
    text = '[constants]\na = 0.5\nb = "a**2 + sqrt(2)"\n[flow]\nx = "a*x + b"\n'
    file = read_game_file(text)
    assert file.equations == (x / 2 + Rational(1, 4) + sqrt(2),)
    assert file.parameters == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.3", Rational(3, 10)), ("sqrt(2)", sqrt(2)), ("1/3", Rational(1, 3)), ("-1", -1)],
)
def test_settings_override_parameters(value, expected):
    file = read_game_file(XY, settings={"gamma": value})
    assert file.parameters[gamma] == expected
    assert file.losses["x"].has(gamma)


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (XY, {"gama": "1"}, "f.toml: --set gama: there is no such parameter; did you mean gamma?"),
        (XY, {"q": "1"}, "there is: gamma, unused"),
        (XY, {"x": "1"}, "f.toml: --set x: there is no such parameter"),
        (XY, {"a\nb": "1"}, r'f.toml: --set "a\nb": there is no such parameter'),
        ('[flow]\nx = "x"\n', {"r": "1"}, "there are none in this file"),
        (XY, {"gamma": ""}, "f.toml: --set gamma, column 1: the expression is empty"),
        (XY, {"gamma": "2*x"}, "f.toml: --set gamma, column 3: unknown name 'x'"),
        (XY, {"gamma": "nan"}, "f.toml: --set gamma, column 1: unknown name 'nan'"),
        (XY, {"gamma": "1e999"}, "f.toml: --set gamma, column 1: this number is too large"),
        (XY.replace("gamma/2", "1/gamma"), {"gamma": "0"}, "division by zero (at gamma = 0)"),
    ],
)
def test_bad_settings(text, given, message):
    with pytest.raises(GameFileError, match=re.escape(message)):
        read_game_file(text, filename="f.toml", settings=given)


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.id)
def test_bad_files(bad):
    began = time.process_time()
    with pytest.raises(GameFileError) as caught:
        read_game_file(bad.text, filename="bad.toml")
    message = str(caught.value)
    assert message.startswith("bad.toml: ")
    assert bad.fragment in message
    assert "\n" not in message
    assert len(message) < 400
    assert time.process_time() - began < 4


def test_there_are_many_different_bad_files():
    assert len({bad.id for bad in BAD_FILES}) == len(BAD_FILES) >= 70
    read_game_file(GAME)  # what most of them are made from is good


def test_reading_is_fast():
    read_game_file(XY)  # SymPy's first use is slow
    seconds = []
    for number in range(5):
        began = time.process_time()
        read_game_file(XY, settings={"gamma": f"1/{number + 3}"})
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.02


LINES = [
    *GAME.splitlines(),
    "[flow]",
    "[map]",
    "[box]",
    "[start]",
    "[constants]",
    'x = "y"',
    "x = [0, 1]",
    "y = nan",
    'g = "g"',
    'loss = "x"',
    "strategy = []",
    "= 3",
]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=80) | st.lists(st.sampled_from(LINES), max_size=12).map("\n".join))
def test_any_text_gives_a_file_or_one_kind_of_error(text):
    message = None
    try:
        read_game_file(text, filename="any.toml")
    except GameFileError as error:
        message = str(error)
    assert message is None or (message.startswith("any.toml: ") and "\n" not in message)
