"""From the name of a game to the game: catalogue entries, game files, Python files, and what goes wrong."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import sympy

from stability import (
    Flow,
    Game,
    GameFileError,
    InputError,
    InputTypeError,
    Map,
    SymbolicFlow,
    SymbolicGame,
    games,
    load,
)

PYTHON = """
import jax.numpy as jnp
import sympy
import stability as st

x, y = sympy.symbols("x y")
symbolic = st.SymbolicGame({"x": ([x], x*y), "y": ([y], -x*y)}, name="own name")
numeric = st.Game({"a": lambda a: a**2}, start={"a": 1.0})
flow = st.Flow(lambda z: -z, dimension=2)
map = st.Map(lambda z: z / 2, dimension=1)
number = 3

class Thing:
    pass

def make():
    return st.SymbolicFlow({x: y, y: -x})

def fails():
    raise RuntimeError("first line\\nsecond line")

def needs(argument):
    return flow

def nothing():
    pass

def leaves():
    raise SystemExit(3)
"""

ONE = """
import stability as st
_hidden = st.Flow(lambda z: z, dimension=3)
only = st.Flow(lambda z: -z, dimension=2)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "several.py").write_text(PYTHON)
    (tmp_path / "one.py").write_text(ONE)
    return tmp_path


# ---- The catalogue ----------------------------------------------------------------------------


def test_catalogue_name():
    game = load("dirac-gan-r1", {"gamma": "1/3"})
    assert isinstance(game, SymbolicGame)
    assert list(game.parameters.values()) == [sympy.Rational(1, 3)]


def test_catalogue_entries_are_functions():
    assert list(games.dirac_gan_r1(gamma=0.5).parameters.values()) == [sympy.Rational(1, 2)]
    assert "dirac_gan_r1" in dir(games)
    with pytest.raises(AttributeError):
        games.no_such_game  # noqa: B018


@pytest.mark.parametrize("name", ["dirac-gann", "dirac_gan", "diracgan"])
def test_misspelt_names_are_corrected(name):
    with pytest.raises(InputError, match="did you mean dirac-gan"):
        load(name)


@pytest.mark.parametrize("name", ["", "zzz", "../xy", "xy.json"])
def test_names_that_are_nothing(name, here):
    with pytest.raises(InputError, match="no game called"):
        load(name)


def test_things_that_are_there_but_are_no_game(here):
    (here / "folder").mkdir()
    (here / "mine.toml").write_text("")
    with pytest.raises(InputError, match="folder is there"):
        load("folder")
    with pytest.raises(InputError, match=r"did you mean mine\.toml"):
        load("mine")


# ---- Game files -------------------------------------------------------------------------------

TOML = """
[players.up]
strategy = ["y"]
{up} = "x*y"
[players.down]
strategy = ["x"]
{down} = "{sign}x*y"
[parameters]
k = 2
[start]
x = 1.5
"""


@pytest.mark.parametrize(
    ("up", "down", "sign", "minimizer"),
    [
        ("payoff", "loss", "", "down"),  # the one that minimises is the outer player
        ("payoff", "payoff", "-", "up"),
        ("loss", "payoff", "", "up"),
        ("loss", "loss", "-", "up"),
    ],
)
def test_payoffs_tell_the_minimizer(here, up, down, sign, minimizer):
    (here / "g.toml").write_text(TOML.format(up=up, down=down, sign=sign))
    game = load("g.toml")
    assert game.players == ("up", "down")
    assert game.players[game.minimizer] == minimizer
    signs = {"loss": 1, "payoff": -1}
    x, y = (v for v in (game.variables[1], game.variables[0]))
    own = (-1 if sign else 1) * signs[down]
    assert game.losses() == (signs[up] * x * y, own * x * y)


def test_a_start_may_name_some_of_the_variables(here):
    (here / "g.toml").write_text(TOML.format(up="payoff", down="loss", sign=""))
    np.testing.assert_array_equal(load(str(here / "g.toml")).start, [0.0, 1.5])


def test_settings_are_numbers_or_text():
    values = [load("dirac-gan-r1", {"gamma": g}) for g in (0.3, "3/10", sympy.Rational(3, 10))]
    assert {tuple(game.parameters.values()) for game in values} == {(sympy.Rational(3, 10),)}
    with pytest.raises(InputError, match="finite"):
        load("dirac-gan-r1", {"gamma": float("nan")})


def test_settings_of_a_game_file(here):
    (here / "g.toml").write_text(TOML.format(up="payoff", down="loss", sign=""))
    assert list(load("g.toml", {"k": "sqrt(2)"}).parameters.values()) == [sympy.sqrt(2)]
    with pytest.raises(GameFileError, match="no such parameter"):
        load("g.toml", {"m": "1"})


# ---- Python files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "kind", "name"),
    [
        ("symbolic", SymbolicGame, "own name"),
        ("numeric", Game, "numeric"),
        ("flow", Flow, "flow"),
        ("map", Map, "map"),
        ("make", SymbolicFlow, "make"),
    ],
)
def test_objects_of_a_python_file(here, attribute, kind, name):
    for path in ("several.py", "./several.py", str(here / "several.py")):
        system = load(f"{path}:{attribute}")
        assert type(system) is kind
        assert system.name == name


@pytest.mark.parametrize("name", ["one.py", "one.py:"])
def test_the_only_game_needs_no_name(here, name):
    system = load(name)
    assert (system.name, system.dimension) == ("only", 2)


def test_several_games_need_a_name(here):
    with pytest.raises(InputError, match=r"several\.py:symbolic, several\.py:numeric"):
        load("several.py")
    (here / "none.py").write_text("a = 1\n")
    with pytest.raises(InputError, match=r"none\.py:name"):
        load("none.py")


@pytest.mark.parametrize(
    ("attribute", "kind", "words"),
    [
        ("missing", InputError, "defines no 'missing'"),
        ("number", InputTypeError, "but int"),
        ("Thing", InputTypeError, "but Thing"),
        ("nothing", InputTypeError, "but NoneType"),
        ("fails", InputError, "RuntimeError: first line"),
        ("needs", InputError, "missing 1 required positional argument"),
        pytest.param(
            *("leaves", InputError, "SystemExit"),
        ),
    ],
)
def test_objects_that_are_no_games(here, attribute, kind, words):
    with pytest.raises(kind, match=words) as error:
        load(f"several.py:{attribute}")
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(
        f"several.py{'' if attribute == 'missing' else ':' + attribute}"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise ValueError('first line\\nsecond line')", "ValueError: first line"),
        ("import sys; sys.exit(5)", "SystemExit: 5"),
        ("raise SystemExit", "SystemExit"),
        ("def (:", "SyntaxError"),
        ("import no_such_module_anywhere", "ModuleNotFoundError"),
        ("a = 1\0", "null bytes"),
    ],
)
def test_files_that_fail_when_they_are_run(here, text, words):
    (here / "bad.py").write_text(text)
    with pytest.raises(InputError, match=rf"bad\.py fails when it is run: .*{words}") as error:
        load("bad.py:game")
    assert "\n" not in str(error.value)


def test_what_the_library_says_of_a_game_is_passed_on(here):
    (here / "bad.py").write_text("import stability as st\ngame = st.Flow(3, dimension=1)\n")
    with pytest.raises(InputTypeError, match="a flow is made from a function"):
        load("bad.py")


def test_modules_beside_the_file_are_found_and_the_path_is_restored(here):
    (here / "beside_a_game.py").write_text("rate = 2\n")
    text = "import beside_a_game\nimport stability as st\n"
    (here / "uses.py").write_text(
        text + "game = st.Flow(lambda z: -beside_a_game.rate * z, dimension=1)\n"
    )
    before = list(sys.path)
    try:
        assert load("uses.py").name == "game"
    finally:
        sys.modules.pop("beside_a_game", None)
    assert sys.path == before


def test_modules_beside_the_file_are_found_by_its_functions(here):
    (here / "beside_a_function.py").write_text("rate = 2\n")
    (here / "uses.py").write_text(
        "import stability as st\n"
        "def make():\n"
        "    import beside_a_function\n"
        "    return st.Flow(lambda z: -beside_a_function.rate * z, dimension=1)\n"
    )
    try:
        assert load("uses.py:make").name == "make"
    finally:
        sys.modules.pop("beside_a_function", None)


def test_dataclasses_with_postponed_annotations(here):
    (here / "modern.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "import stability as st\n"
        "@dataclass\n"
        "class Weights:\n"
        "    w: float\n"
        "game = st.Flow(lambda z: -z, dimension=2)\n"
    )
    assert load("modern.py").name == "game"


def test_settings_are_not_for_python_files(here):
    with pytest.raises(InputError, match="--set"):
        load("one.py", {"gamma": "1"})


# ---- Files that cannot be read ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["no.toml", "no.py", "no.py:game"])
def test_no_such_file(here, name):
    with pytest.raises(InputError, match=r"there is no file no\."):
        load(name)


@pytest.mark.parametrize("name", ["folder.toml", "folder.py", "folder.py:game"])
def test_folders(here, name):
    (here / name.split(":")[0]).mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        load(name)


@pytest.mark.parametrize("name", ["latin.toml", "latin.py:game"])
def test_files_that_are_not_utf8(here, name):
    (here / name.split(":")[0]).write_bytes(b'name = "caf\xe9"\n')
    with pytest.raises(GameFileError, match="not UTF-8"):
        load(name)


def test_other_suffixes(here):
    (here / "game.json").write_text("{}")
    with pytest.raises(InputError, match=r"ends in \.toml"):
        load("game.json")
