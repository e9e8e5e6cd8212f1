"""Gambit's .nfg files: read, written, and refused in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from sympy import Rational, Symbol, sqrt

import stability as st
from stability.games.nfg import MOST_CHARACTERS

OUTCOMES = r"""NFG 1 R "Rock, \"paper\", scissors" { "Player 1" "Player 2" }

{ { "rock" "paper" "scissors" }
{ "rock" "paper" "" }
}
"a comment
of two lines"

{
{ "tie" 0, 0 }
{ "first wins" 1, -1 }
{ "" -1.0 2/2 }
}
1 2 3 3 1 2 2 0 1
"""
PAYOFFS = """NFG 1 D "" { "a" "b" "c" }{ 2 1 2 }
-1 .5 1e2   +2 1/3 -2.50
3. 0 0
1 1 1
"""


def test_the_outcome_version():
    form = st.read_nfg(OUTCOMES)
    assert form.name == 'Rock, "paper", scissors'
    assert form.strategies == {
        "Player 1": ("rock", "paper", "scissors"),
        "Player 2": ("rock", "paper", "3"),
    }
    # the first player's strategy varies fastest; outcome 0 pays nothing
    assert form.payoffs["Player 1"].tolist() == [[0, -1, 1], [1, 0, 0], [-1, 1, 0]]
    assert form.payoffs["Player 2"].tolist() == [[0, 1, -1], [-1, 0, 0], [1, -1, 0]]


def test_the_payoff_version():
    form = st.read_nfg(PAYOFFS)
    assert form.name == "game"
    assert form.strategies == {"a": ("1", "2"), "b": ("1",), "c": ("1", "2")}
    assert form.payoffs["a"].tolist() == [[[-1, 3]], [[2, 1]]]
    assert form.payoffs["b"].tolist() == [
        [[Rational(1, 2), 0]],
        [[Rational(1, 3), 1]],
    ]
    assert form.payoffs["c"].tolist() == [[[100, 0]], [[Rational(-5, 2), 1]]]


@settings(max_examples=5, deadline=None)
@given(
    hs.lists(hs.integers(1, 3), min_size=2, max_size=3),
    hs.lists(hs.fractions(max_denominator=9), min_size=81, max_size=81),
    hs.text(hs.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=5),
)
def test_what_is_written_is_read(shape, numbers, label):
    entries = iter(numbers)

    def table(sizes):
        return [table(sizes[1:]) for _ in range(sizes[0])] if sizes else next(entries)

    players = ["row", 'c"ol', "\\third"][: len(shape)]
    labels = [[f"{label}{i}" for i in range(k)] for k in shape]
    form = st.StrategicForm(
        dict(zip(players, labels, strict=True)),
        {player: table(shape) for player in players},
        name="a {name}",
    )
    assert st.read_nfg(st.write_nfg(form)) == form


def test_what_the_format_does_not_know():
    b = Symbol("b", real=True)
    one = st.StrategicForm(
        {"all": ["x", "y"]}, {"all": [[0, b], [sqrt(2), 1]]}, parameters={"b": 3}
    )
    form = st.read_nfg(st.write_nfg(one))
    assert form.players == ("all", "all (met)")
    assert form.payoffs["all"][0, 1] == form.payoffs["all (met)"][1, 0] == 3
    assert form.payoffs["all"][1, 0] == Rational("1.4142135623730950")
    assert st.write_nfg(one.game()) == st.write_nfg(one)
    with pytest.raises(st.InputTypeError, match="takes a game in strategic form"):
        st.write_nfg(st.games.xy())


def test_a_file_is_a_game(tmp_path):
    (tmp_path / "rps.nfg").write_text(OUTCOMES, encoding="utf-8")
    game = st.load(tmp_path / "rps.nfg")
    assert game.players == ("Player_1", "Player_2")
    assert [str(v) for v in game.variables][:2] == ["Player_1_rock", "Player_1_paper"]
    with pytest.raises(st.InputError, match="has no parameters; --set is for game files"):
        st.load(tmp_path / "rps.nfg", {"a": 1})
    with pytest.raises(st.InputError, match="there is no file"):
        st.load(tmp_path / "none.nfg")
    (tmp_path / "alone.nfg").write_text('NFG 1 R "" { "a" } { 1 } 3', encoding="utf-8")
    with pytest.raises(st.GameFileError, match=r"alone.nfg: no player of this game has a choice"):
        st.load(tmp_path / "alone.nfg")
    (tmp_path / "wide.nfg").write_text(PAYOFFS, encoding="utf-16-le")
    with pytest.raises(st.GameFileError, match="save it as UTF-8"):
        st.load(tmp_path / "wide.nfg")


HEAD = 'NFG 1 R "t" { "a" "b" } '


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: this is no .nfg file"),
        ("EFG 2 R", "line 1: this is no .nfg file"),
        ("NFG", "line 1: after NFG come the version 1 and R or D"),
        ("NFG 2 R", "after NFG come the version 1"),
        ("NFG 1 Q", "after NFG come the version 1"),
        ("NFG 1 R\n", "line 2: the file ends where it should have the title"),
        ("NFG 1 R title", "line 1: here should be the title of the game, in quotes, not title"),
        ('NFG 1 R\n"title', "line 2: a quotation mark \" is not closed"),
        ('NFG 1 R "t"', "the file ends where it should have the players"),
        ('NFG 1 R "t" "a" "b"', 'here should be the players, as in .*, not "a"'),
        ('NFG 1 R "t" { }', "there are no players"),
        ('NFG 1 R "t" { "a" b }', "here should be a name in quotes, or }, not b"),
        ('NFG 1 R "t" { "a" ', "a closing } is missing"),
        ('NFG 1 R "t" { "a" "a" } { 1 1 } 0 0', 'two players are called "a"'),
        (HEAD, "the file ends where it should have the strategies"),
        (HEAD + "{ 2 }", "there are 2 players, and strategies for 1 of them"),
        (HEAD + "{ 2 2 2 }", "there are 2 players, and strategies for 3 of them"),
        (HEAD + "{ 2 0 }", 'player "b" has no strategies'),
        (HEAD + "{ 2 -1 }", "here should be a number of strategies, not -1"),
        (HEAD + "{ 2 99999 }", "a player has at most 10000 strategies"),
        (HEAD + "{ 2 9999999 }", "here should be a number of strategies, not 9999999"),
        (HEAD + "{ 101 100 }", "at most 10000 payoffs, not 101 by 100"),
        (HEAD + '{ { "x" "x" } { "y" } }', 'player "a" has two strategies called "x"'),
        (HEAD + '{ { "x" } { "y" }', "the file ends where it should have } after the strategies"),
        (HEAD + '{ { "x" } { "y" } 3', "here should be } after the strategies, not 3"),
        (HEAD + '{ { "x" } { } }', 'player "b" has no strategies'),
        (HEAD + '{ { "x" } { "\n" } } 0 0', "line 1: a strategy's label is a line of text"),
        (HEAD + "{ 2 2 }\n1 2 3", "line 2: the game has 8 payoffs, and the file 3"),
        (HEAD + "{ 1 1 } 1 2\n3", "line 2: there is more after the game's 2 payoffs"),
        (HEAD + "{ 1 1 } 1 x", "here should be a payoff, a number such as 3, -0.5 or 1/3, not x"),
        (HEAD + "{ 1 1 } 1 nan", "here should be a payoff, .*, not nan"),
        (HEAD + "{ 1 1 } 1 inf", "here should be a payoff, .*, not inf"),
        (HEAD + "{ 1 1 } 1 2/00", "the payoff 2/00 divides by zero"),
        (HEAD + "{ 1 1 } 1 1e9999", "here should be a payoff, .*, not 1e9999"),
        (HEAD + "{ 1 1 } 1 1e200", "is larger than 1e100"),
        (HEAD + f"{{ 1 1 }} 1 {'9' * 300}", "here should be a payoff, .*, not 9{29}…"),
        (HEAD + '{ 1 1 } { { "o" 1 } } 1', "an outcome has 1 payoffs, and the game 2 players"),
        (HEAD + '{ 1 1 } { { "o" 1 2', "an outcome's|the file ends where it should have }"),
        (HEAD + "{ 1 1 } { { 1 2 } } 1", "here should be an outcome's name, in quotes, not 1"),
        (HEAD + '{ 1 1 } { { "o" 1 2 } 1', "here should be an outcome, .*, not 1"),
        (HEAD + '{ 1 1 } { { "o" 1 2 } } 2', "here should be an outcome's number, 0 to 1, not 2"),
        (HEAD + '{ 1 1 } { { "o" 1 2 } } "1"', "here should be an outcome's number, 0 to 1"),
        (HEAD + '{ 1 1 } { { "o" 1 2 } }', "has 1 choices of strategies, and outcomes for 0"),
        (HEAD + '{ 1 1 } { { "o" 1 2 } } 1 1', "there is more after the game's 1 outcomes"),
        ("x" * (MOST_CHARACTERS + 1), "longer than 1000000 characters"),
    ],
)  # fmt: skip
def test_what_is_no_file(text, message):
    with pytest.raises(st.GameFileError, match=message) as error:
        st.read_nfg(text, filename="bad.nfg")
    assert str(error.value).startswith("bad.nfg: line ")
    assert "\n" not in str(error.value)
