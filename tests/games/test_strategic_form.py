"""Games in strategic form, and the games in mixed strategies that are made of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from sympy import Matrix, Rational, Symbol, sqrt

from stability import InputError, InputTypeError, StrategicForm
from stability.games.population import PopulationGame

a, b = (Symbol(name, real=True) for name in "ab")
RPS = [[0, -b, a], [a, 0, -b], [-b, a, 0]]
LABELS = ["rock", "paper", "scissors"]


def battle() -> StrategicForm:
    return StrategicForm(
        {"row": ["opera", "fight"], "column": ["opera", "fight"]},
        {"row": [[3, 0], [0, 0.1]], "column": [[Fraction(1, 3), 0], [0, a]]},
        parameters={"a": sqrt(2)},
        name="Battle of the sexes",
    )


def test_payoffs_are_exact_and_in_player_order():
    form = battle()
    assert form.players == ("row", "column")
    assert form.shape == (2, 2)
    assert form.payoffs["row"].tolist() == [[3, 0], [0, Rational(1, 10)]]
    assert form.payoffs["column"][1, 1] == a
    assert form.at_values().payoffs["column"][1, 1] == sqrt(2)
    assert form.at_values({"a": 2}).payoffs["column"][1, 1] == 2
    wide = StrategicForm(
        {"row": ["up", "down"], "column": ["l", "m", "r"]},
        {"row": np.arange(6).reshape(2, 3), "column": np.arange(6).reshape(2, 3)},
    )
    (up, down), (left, middle, right) = wide.variables
    assert wide.expected("row") == (middle + 2 * right, 3 * left + 4 * middle + 5 * right)
    assert wide.expected("column") == (3 * down, up + 4 * down, 2 * up + 5 * down)


def test_the_game_in_mixed_strategies():
    form = battle()
    game = form.game()
    (p, q), (r, s) = form.variables
    assert [str(v) for v in game.variables] == [
        "row_opera",
        "row_fight",
        "column_opera",
        "column_fight",
    ]
    assert game.losses() == (-3 * p * r - q * s / 10, -p * r / 3 - a * q * s)
    assert list(game.field()) == [3 * r, s / 10, p / 3, a * q]
    assert [list(index) for index in game.sets.simplices] == [[0, 1], [2, 3]]
    assert list(game.start) == [0.5] * 4
    assert game.box == dict.fromkeys(map(str, game.variables), (0, 1))
    assert game.strategic_form is form
    positive = Symbol("a", positive=True)
    renamed = game.renamed({a: positive})
    assert renamed.strategic_form.payoffs["column"][1, 1] == positive
    assert renamed.strategic_form.parameters == {positive: sqrt(2)}
    assert np.allclose(game.numeric().field(np.full(4, 0.5)), [1.5, 0.05, 1 / 6, 2**0.5 / 2])


def test_three_players_and_one_without_a_choice():
    cube = np.random.default_rng(0).integers(-5, 6, (2, 3, 2)).tolist()
    form = StrategicForm(
        {"x": ["a", "b"], "y": ["a", "b", "c"], "z": ["a", "b"]},
        {"x": cube, "y": cube, "z": cube},
    )
    game = form.game()
    x, y, z = np.array([0.25, 0.75]), np.array([0.5, 0.25, 0.25]), np.array([0.125, 0.875])
    payoffs = np.array(cube, dtype=float)
    expected = [
        np.einsum("ijk,j,k", payoffs, y, z),
        np.einsum("ijk,i,k", payoffs, x, z),
        np.einsum("ijk,i,j", payoffs, x, y),
    ]
    found = game.numeric().field(np.concatenate([x, y, z]))
    assert np.allclose(found, np.concatenate(expected), atol=1e-5)
    alone = StrategicForm(
        {"row": ["a", "b"], "nature": ["sun"]}, {"row": [[2], [1]], "nature": [[0], [5]]}
    ).game()
    assert alone.players == ("row",)
    assert list(alone.field()) == [2, 1]


def test_names_are_made_of_players_and_labels():
    form = StrategicForm(
        {"Player 1": ["x-y", "x y", "1"], "Player.1": ["é", "e!"]},
        {"Player 1": [[1, 2]] * 3, "Player.1": [[1, Symbol("Player_1_x_y")]] * 3},
        parameters={"Player_1_x_y": 1},
    )
    game = form.game()
    names = [str(v) for v in game.variables]
    assert names == [
        "Player_1_x_y_2",
        "Player_1_x_y_3",
        "Player_1_1",
        "Player_1_é",
        "Player_1_e_",
    ]
    assert game.players == ("Player_1", "Player_1_2")


def test_the_start_fills_up():
    form = battle()
    assert list(form.game(start={"row_opera": 0.25}).start) == [0.25, 0.75, 0.5, 0.5]
    one = StrategicForm({"all": LABELS}, {"all": RPS})
    assert np.allclose(one.game(start={"all_rock": Rational(1, 2)}).start, [0.5, 0.25, 0.25])
    with pytest.raises(InputError, match="start names row, which is no variable"):
        form.game(start={"row": 1})


def test_one_population():
    """The field is A x, not the gradient of xᵀAx/2, and the loss in the own strategy is linear."""
    form = StrategicForm({"all": LABELS}, {"all": RPS}, parameters={"a": 2, "b": 1})
    assert form.one_population
    game = form.game()
    assert [list(index) for index in game.sets.simplices] == [[0, 1, 2]]
    x = game.profile
    assert game.field() == Matrix(RPS) * x
    assert game.jacobian() == Matrix(RPS)
    assert sp.expand(game.losses()[0] + (x.T * Matrix(RPS) * x)[0]) == 0
    gradients, hessians = game.derivatives()
    assert gradients == -(Matrix(RPS) * x).T
    assert hessians == (sp.zeros(3, 3),)
    numeric = game.numeric()
    assert isinstance(numeric, PopulationGame)
    point = np.array([0.5, 0.3, 0.2])
    A = np.array(Matrix(RPS).subs({a: 2, b: 1}), dtype=float)
    u = np.array([1.0, -2.0, 0.5])
    assert np.allclose(numeric.field(point), A @ point)
    assert np.allclose(numeric.player_field(0, point), A @ point)
    assert np.allclose(numeric.gradient(0, point), -A @ point)
    assert np.allclose(numeric.jacobian(point), A)
    assert np.allclose(numeric.jvp(point, u), A @ u)
    assert np.allclose(numeric.vjp(point, u), A.T @ u)
    assert np.allclose(numeric.losses(point), -point @ A @ point)
    gradients, hessians = numeric.derivatives(point)
    assert np.allclose(gradients, -(A @ point)[None])
    assert not np.asarray(hessians).any()


def test_one_population_is_the_diagonal_of_two_players():
    one = StrategicForm({"all": LABELS}, {"all": RPS}).game()
    A = Matrix(RPS)
    two = StrategicForm({"x": LABELS, "y": LABELS}, {"x": A.tolist(), "y": A.T.tolist()}).game()
    on_diagonal = dict(zip(two.variables, [*one.variables] * 2, strict=True))
    assert list(two.field().xreplace(on_diagonal)) == [*one.field()] * 2


def test_one_population_takes_no_penalty():
    game = StrategicForm({"all": LABELS}, {"all": RPS}, parameters={"a": 1, "b": 1}).game()
    for own in (game, game.numeric()):
        with pytest.raises(InputError, match="there is no loss that something could be added to"):
            own.with_terms({"all": lambda game, x: x[0]})


def test_antisymmetric_payoffs_keep_their_parameter():
    form = StrategicForm({"all": ["x", "y"]}, {"all": [[0, a], [-a, 0]]}, parameters={"a": 3})
    game = form.game()
    assert game.losses() == (0,)
    assert np.allclose(game.numeric().field(np.array([0.5, 0.5])), [1.5, -1.5])
    assert np.allclose(game.numeric({"a": 1}).field(np.array([0.5, 0.5])), [0.5, -0.5])


ROW = {"row": ["a", "b"], "column": ["c", "d"]}
GOOD = {"row": [[1, 2], [3, 4]], "column": [[1, 2], [3, 4]]}


@pytest.mark.parametrize(
    ("strategies", "payoffs", "message"),
    [
        ({}, {}, "at least one player"),
        (["row"], GOOD, "mappings from player names"),
        ({"": ["a"]}, {}, "a player's name is a non-empty string"),
        ({"row": "ab"}, {}, "are a list of labels"),
        ({"row": 3}, {}, "are a list of labels"),
        ({"row": []}, {}, "has no strategies"),
        ({"row": ["a", 1]}, {}, "a strategy's label is a line of text"),
        ({"row": ["a", " "]}, {}, "a strategy's label is a line of text"),
        ({"row": ["a", "b\n"]}, {}, "a strategy's label is a line of text"),
        ({"row": ["a", "a"]}, {}, "has the strategy 'a' twice"),
        (ROW, {"row": GOOD["row"]}, "player 'column' has no payoffs"),
        (ROW, {**GOOD, "third": [[1]]}, "payoffs name 'third', who is no player"),
        (ROW, {**GOOD, "row": [[1, 2]]}, "'row' has 1 entries, and 'row' has 2 strategies"),
        (ROW, {**GOOD, "row": [[1, 2], [3]]}, r"'row'\[1\] has 1 entries, and 'column' has 2"),
        (
            ROW,
            {**GOOD, "row": [1, 2]},
            r"'row'\[0\] is a list of 2, one for each strategy of 'column'",
        ),
        (ROW, {**GOOD, "row": 7}, "is a list of 2, one for each strategy of 'row', not 7"),
        (ROW, {**GOOD, "row": [[[1], 2], [3, 4]]}, "the table has an axis too many"),
        (ROW, {**GOOD, "row": [[1, float("nan")], [3, 4]]}, r"\[0\]\[1\] is no finite real number"),
        (ROW, {**GOOD, "row": [[1, float("inf")], [3, 4]]}, "is no finite real number but inf"),
        (ROW, {**GOOD, "row": [[1, None], [3, 4]]}, "is no finite real number but None"),
        (ROW, {**GOOD, "row": [[1, True], [3, 4]]}, "is no finite real number but True"),
        (ROW, {**GOOD, "row": [[1, "2"], [3, 4]]}, "is a SymPy expression, not '2'"),
        (ROW, {**GOOD, "row": [[1, sp.I], [3, 4]]}, "is no finite real number but I"),
        (ROW, {**GOOD, "row": [[1, sp.I * a], [3, 4]]}, "is real and finite"),
        (ROW, {**GOOD, "row": [[1, 10**101], [3, 4]]}, "is larger than 1e100"),
        ({"row": ["a", "b"]}, {"row": [[1, 2, 3], [4, 5, 6]]}, "'row'.0. has 3 entries"),
        ({"row": list("abc")}, {"row": [1, [2], 3]}, "is a list of 3, one for each"),
        (
            {"row": [str(i) for i in range(101)], "column": [str(i) for i in range(100)]},
            GOOD,
            "at most 10000 payoffs, not 101 by 100",
        ),
    ],
)
def test_what_is_no_game(strategies, payoffs, message):
    with pytest.raises(InputError, match=message):
        StrategicForm(strategies, payoffs)


def test_parameters_need_values():
    form = StrategicForm({"row": ["x", "y"]}, {"row": [a, b]}, parameters={"a": 1})
    with pytest.raises(InputError, match="parameter b needs a value"):
        form.at_values()
    with pytest.raises(InputError, match="there is no parameter c; there are a, b"):
        form.at_values({"c": 1})
    broken = StrategicForm({"row": ["x", "y"]}, {"row": [1 / a, 2]}, parameters={"a": 0})
    with pytest.raises(InputError, match="no finite real number but zoo at a = 0"):
        broken.at_values()
    with pytest.raises(InputError, match="no player of this game has a choice"):
        StrategicForm({"row": ["x"]}, {"row": [1]}).game()
    with pytest.raises(InputTypeError, match="a number is a SymPy expression, not '1'"):
        StrategicForm({"row": ["x", "y"]}, {"row": [1, 2]}).game(start={"row_x": "1"})
