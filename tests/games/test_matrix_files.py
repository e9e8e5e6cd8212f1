"""Game files with a [matrix] table."""

from __future__ import annotations

import pytest
from sympy import Max, Rational, Symbol, exp, sqrt

import stability as st
from stability.games.files import read_game_file
from stability.games.load import build
from stability.games.matrix_files import write_matrix

a, b = (Symbol(name, real=True) for name in "ab")
RPS = """
name = "Rock, paper, scissors"
[matrix.players]
all = ["rock", "paper", "scissors"]
[matrix.payoffs]
all = [[0, "-b", "a"], ["a", 0, "-b"], ["-b", "a", 0]]
[parameters]
a = 1
b = 1.5
unused = 2
[constants]
half = "1/2"
[start]
all_rock = 0.5
all_paper = "half/2"
"""
TWO = """
[matrix]
players = {row = ["l", "r"], column = ["l", "r"]}
payoffs = {row = [[2.5, "half"], [0, 1]], column = [[1, 0], [0, 2]]}
[constants]
half = 0.5
"""


def test_a_population():
    file = read_game_file(RPS)
    assert file.kind == "game"
    assert file.name == "Rock, paper, scissors"
    assert [str(v) for v in file.variables] == ["all_rock", "all_paper", "all_scissors"]
    assert file.form.one_population
    assert file.form.payoffs["all"].tolist() == [[0, -b, a], [a, 0, -b], [-b, a, 0]]
    assert file.parameters == {a: 1, b: Rational(3, 2), Symbol("unused", real=True): 2}
    game = build(file)
    assert list(game.start) == [0.5, 0.25, 0.25]
    assert game.box == dict.fromkeys(["all_rock", "all_paper", "all_scissors"], (0, 1))
    assert build(read_game_file(RPS, settings={"b": "3"})).parameters[b] == 3


def test_two_players():
    file = read_game_file(TWO, filename="games/coordination.toml")
    assert file.name == "coordination"
    assert file.form.payoffs["row"].tolist() == [[Rational(5, 2), Rational(1, 2)], [0, 1]]
    assert list(file.players) == ["row", "column"]
    (p, q), (r, s) = file.form.variables
    assert file.losses["row"] == -5 * p * r / 2 - p * s / 2 - q * s
    assert build(file).strategic_form is file.form


@pytest.mark.parametrize("text", [RPS, TWO])
def test_what_is_written_is_read(text):
    form = read_game_file(text).form
    assert read_game_file(write_matrix(form)).form == form


def test_names_and_expressions_are_written_as_files_spell_them():
    form = st.StrategicForm(
        {'the "first"': ["x\\y", "λ"], "2": ["a", "b"]},
        {'the "first"': [[sqrt(2), exp(1)], [Max(a, 2), abs(a)]], "2": [[1, 2], [3, -a / 3]]},
        parameters={"a": exp(-2)},
        name='"',
    )
    assert read_game_file(write_matrix(form)).form == form


def matrix(players: str, payoffs: str = "{row = [1, 2]}") -> str:
    return f"[matrix]\nplayers = {players}\npayoffs = {payoffs}\n"


ROW = '{row = ["a", "b"]}'
PAIR = '{row = ["a", "b"], column = ["c", "d"]}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("matrix = 3", r"matrix: it must be a table, \[matrix\], not a number"),
        ("[matrix]", "matrix: the table is empty"),
        (matrix(ROW) + "[flow]\nx = 'x'", "file has either"),
        (matrix(ROW) + "[players.x]\nstrategy = ['x']\nloss = 'x'", "file has either"),
        (matrix(ROW) + "start = 1", "matrix.start: there is no such key"),
        ('[matrix]\nplayers = {row = ["a", "b"]}', "matrix.payoffs: it must map players"),
        ("[matrix]\npayoffs = {row = [1, 2]}", "matrix.players: it must map players"),
        (matrix('["a", "b"]'), "matrix.players: it must map players"),
        (matrix("{row = 3}"), "matrix: the strategies of 'row' are a list of labels"),
        (matrix("{row = []}"), "matrix: player 'row' has no strategies"),
        (matrix("{row = [1, 2]}"), "matrix: a strategy's label is a line of text"),
        (matrix('{row = ["a", "a"]}'), "matrix: player 'row' has the strategy 'a' twice"),
        (matrix("{}", "{}"), "matrix: a game needs at least one player"),
        (matrix(ROW, "{col = [1, 2]}"), "matrix: payoffs name 'col', who is no player"),
        (matrix(PAIR, "{row = [[1, 2], [3, 4]]}"), "matrix: player 'column' has no payoffs"),
        (matrix(ROW, "{row = [1]}"), "matrix: the payoffs of 'row' has 1 entries"),
        (matrix(ROW, "{row = [1, 2, 3]}"), "matrix: the payoffs of 'row' has 3 entries"),
        (matrix(ROW, "{row = [[1, 2], [3]]}"), r"matrix: the payoffs of 'row'\[1\] has 1 entries"),
        (matrix(ROW, "{row = [[[1], 2], [3, 4]]}"), "matrix: .* the table has an axis too many"),
        (matrix(ROW, "{row = 3}"), "matrix: the payoffs of 'row' is a list of 2"),
        (matrix(ROW, "{row = [1, nan]}"), r"matrix.payoffs.row\[1\]: it must be a finite number"),
        (matrix(ROW, "{row = [1, inf]}"), r"matrix.payoffs.row\[1\]: it must be a finite number"),
        (matrix(ROW, "{row = [1, true]}"), r"matrix.payoffs.row\[1\]: it must be a number, not tr"),
        (matrix(ROW, "{row = [1, {}]}"), r"matrix.payoffs.row\[1\]: it must be a number, not a t"),
        (matrix(ROW, '{row = [1, "c"]}'), r"matrix.payoffs.row\[1\], column 1: .*c"),
        (matrix(ROW, '{row = [1, "1/0"]}'), r"matrix.payoffs.row\[1\], column 3: division by zero"),
        (matrix(ROW, '{row = [1, "row_a"]}'), r"matrix.payoffs.row\[1\], column 1: .*row_a"),
        (matrix(ROW, '{row = [1, "9**9**9"]}'), r"matrix.payoffs.row\[1\], column"),
        (matrix(ROW, "{row = [1, 1e200]}"), r"matrix: .* is larger than 1e100"),
        (matrix('{row = ["a"]}', "{row = [1]}"), "matrix: no player of this game has a choice"),
        (matrix(ROW) + "[start]\nrow_c = 1", "start.row_c: there is no such variable; did"),
        (matrix(ROW) + "[box]\nrow_a = [1, 0]", "box.row_a: the lower bound 1"),
        (
            matrix(ROW, '{row = [1, "1/g"]}') + "[parameters]\ng = 0",
            r"matrix.payoffs.row\[1\].*at g = 0",
        ),
    ],
)
def test_what_is_no_game(text, message):
    with pytest.raises(st.GameFileError, match=message) as error:
        read_game_file(text, filename="bad.toml")
    assert str(error.value).startswith("bad.toml: ")
    assert "\n" not in str(error.value)
