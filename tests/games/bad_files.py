"""Wrong game files, and a part of the message that each deserves."""

from __future__ import annotations

from typing import NamedTuple


class BadFile(NamedTuple):
    id: str
    text: str
    fragment: str  # the key and what is said of it, as in "box.x: it must be [low, high]"


X = '[players.x]\nstrategy = ["x"]\nloss = "x*y + g*x**2"\n'
Y = '[players.y]\nstrategy = ["y"]\npayoff = "x*y"\n'
G = "[parameters]\ng = 0.1\n"
GAME = X + Y + G


def player(strategy: str = '["x"]', loss: str = '"x"') -> str:
    return f"[players.p]\nstrategy = {strategy}\nloss = {loss}\n"


def parameter(value: str) -> str:
    return player() + f"[parameters]\ng = {value}\n"


def constant(lines: str) -> str:
    return player() + f"[constants]\n{lines}\n"


def limited(sets: str) -> str:
    """A player of a and b, with these lines about their sets."""
    return '[players.p]\nstrategy = ["a", "b"]\nloss = "a*b"\n' + sets + "\n"


SETS = [
    BadFile("bounds-list", limited("bounds = [0, 1]"), "players.p.bounds: it must map"),
    BadFile("bounds-stranger", limited("bounds = { q = [0, 1] }"), "'q' is no variable of this"),
    BadFile("bounds-one", limited("bounds = { a = [0] }"), "players.p.bounds.a: it must be [low"),
    BadFile("bounds-empty", limited("bounds = { a = [1, 0] }"), "the low end 1 is not below"),
    BadFile("bounds-point", limited("bounds = { a = [1, 1] }"), "a number that is fixed"),
    BadFile("bounds-nan", limited("bounds = { a = [nan, 1] }"), "it must be a finite number"),
    BadFile("bounds-wrong-way", limited("bounds = { a = [inf, inf] }"), "no number is in"),
    BadFile("bounds-variable", limited('bounds = { a = [0, "b"] }'), "players.p.bounds.a"),
    BadFile("bounds-word", limited('bounds = { a = [0, "much"] }'), "players.p.bounds.a"),
    BadFile("simplex-flat", limited('simplex = ["a", "b"]'), "it must be a list of groups"),
    BadFile("simplex-one", limited('simplex = [["a"]]'), "fewer than two variables"),
    BadFile("simplex-twice", limited('simplex = [["a", "a"]]'), "'a' is there twice"),
    BadFile("simplex-number", limited("simplex = [[1, 2]]"), "1 is no variable of this player"),
    BadFile("ball-table", limited("ball = { radius = 1 }"), "players.p.ball: it must be a list"),
    BadFile("ball-no-radius", limited('ball = [{ of = ["a"] }]'), "every ball is written"),
    BadFile("ball-of", limited('ball = [{ of = "a", radius = 1 }]'), "of is a list"),
    BadFile("ball-zero", limited('ball = [{ of = ["a"], radius = 0 }]'), "positive finite"),
    BadFile("ball-inf", limited('ball = [{ of = ["a"], radius = inf }]'), "positive finite"),
    BadFile(
        "two-sets",
        limited('bounds = { a = [0, 1] }\nsimplex = [["a", "b"]]'),
        "a is in two sets",
    ),
]


BAD_FILES: list[BadFile] = [
    *SETS,
    # not TOML
    BadFile("not-toml", "x*y\n", "file: this is not TOML"),
    BadFile("not-toml-line", "name = 1\n[players x]", "line 2, column"),
    BadFile("unclosed-string", 'name = "xy', "file: this is not TOML"),
    BadFile("player-twice", X + X, "file: this is not TOML"),
    BadFile("key-twice", 'name = "a"\nname = "b"\n' + GAME, "file: this is not TOML"),
    BadFile("binary", "\x00\x01", "file: this is not TOML"),
    BadFile("python", "import os\n", "file: this is not TOML"),
    BadFile("json", '{"players": {}}', "file: this is not TOML"),
    BadFile("deep-array", "name = " + "[" * 20000, "file: brackets are nested too deeply"),
    BadFile("deep-array-closed", f"name = {'[' * 3000}{']' * 3000}", "file: brackets are nested"),
    BadFile("huge-integer", f"name = {'9' * 6000}", "file: a number has too many digits"),
    BadFile("too-long", "# comment\n" * 20_000, "file: it is longer than"),
    BadFile("dotted-key-bomb", "a." * 45_000 + "a = 1", "file: it takes too long to read"),
    # tables
    BadFile("empty", "", "players: there is none"),
    BadFile("only-comments", "# nothing\n", "players: there is none"),
    BadFile("no-system", G, "players: there is none"),
    BadFile("no-players", "[players]\n", "players: the table is empty"),
    BadFile("empty-flow", "[flow]\n", "flow: the table is empty"),
    BadFile("empty-map", "[map]\n", "map: the table is empty"),
    BadFile("game-and-flow", GAME + '[flow]\nx = "y"\n', "flow: a file has either [players] or"),
    BadFile("game-and-map", GAME + '[map]\nx = "y"\n', "map: a file has either [players] or"),
    BadFile("flow-and-map", '[flow]\nx = "x"\n[map]\nx = "x"\n', "map: a file has either [flow]"),
    BadFile("players-a-number", "players = 3\n", "players: it must be a table"),
    BadFile("flow-a-list", 'flow = ["x"]\n', "flow: it must be a table"),
    BadFile("array-of-players", '[[players]]\nstrategy = ["x"]\n', "players: it must be a table"),
    BadFile("parameters-a-number", "parameters = 1\n" + X, "parameters: it must be a table"),
    BadFile("box-a-list", "box = [-1, 1]\n" + GAME, "box: it must be a table"),
    BadFile("start-a-number", "start = 1\n" + GAME, "start: it must be a table"),
    BadFile("constants-a-string", 'constants = "1"\n' + GAME, "constants: it must be a table"),
    BadFile("unknown-table", GAME + "[penalty]\nr1 = 1\n", "penalty: there is no such key"),
    BadFile(
        "misspelt-table", GAME + "[parameter]\nh = 1\n", "parameter: there is no such key; did"
    ),
    BadFile("unknown-key", "colour = 1\n" + GAME, "colour: there is no such key"),
    BadFile("key-with-newline", '"a\\nb" = 1\n' + GAME, r'"a\nb": there is no such key'),
    BadFile("empty-key", '"" = 1\n' + GAME, '"": there is no such key'),
    # name
    BadFile("name-a-number", "name = 3\n" + GAME, "name: it must be a string, not a number"),
    BadFile("name-a-date", "name = 1979-05-27\n" + GAME, "name: it must be a string, not a date"),
    BadFile("name-empty", 'name = " "\n' + GAME, "name: it must be one line of text"),
    BadFile("name-two-lines", 'name = "a\\nb"\n' + GAME, "name: it must be one line of text"),
    # players
    BadFile("player-a-string", 'players.x = "x*y"\n', "players.x: it must be a table"),
    BadFile("player-empty", "[players.x]\n", "players.x.strategy: it is missing"),
    BadFile(
        "player-name", '[players."a b"]\nstrategy = ["x"]\n', 'players."a b": a player\'s name'
    ),
    BadFile("player-no-name", '[players.""]\nstrategy = ["x"]\n', 'players."": a player\'s name'),
    BadFile("player-key", X + 'rate = "1"\n', "players.x.rate: there is no such key"),
    BadFile(
        "player-misspelt", X + 'pay_off = "1"\n', "players.x.pay_off: there is no such key; did"
    ),
    BadFile(
        "loss-and-payoff", X + 'payoff = "x"\n' + Y + G, "players.x.payoff: a player has a loss"
    ),
    BadFile("no-loss", '[players.x]\nstrategy = ["x"]\n', "players.x.loss: it is missing"),
    BadFile("no-strategy", '[players.x]\nloss = "1"\n', "players.x.strategy: it is missing"),
    BadFile("strategy-empty", player("[]"), "players.p.strategy: it is empty"),
    BadFile("strategy-a-string", player('"x"'), "players.p.strategy: write a list of names"),
    BadFile("strategy-of-numbers", player("[1, 2]"), "players.p.strategy: write a list of names"),
    BadFile("strategy-a-table", player("{x = 1}"), "players.p.strategy: write a list of names"),
    BadFile("strategy-twice", player('["x", "x"]'), "players.p.strategy: 'x' is there twice"),
    BadFile(
        "shared-variable", X + player() + G, "players.p.strategy: 'x' already belongs to player x"
    ),
    BadFile("variable-digit", player('["2x"]'), 'players.p.strategy: "2x" is not a name'),
    BadFile("variable-space", player('["x y"]'), 'players.p.strategy: "x y" is not a name'),
    BadFile("variable-empty", player('[""]'), 'players.p.strategy: "" is not a name'),
    BadFile("variable-ligature", player('["ﬁ"]'), "players.p.strategy: "),
    BadFile("variable-lambda", player('["lambda"]'), "call it 'lam'"),
    BadFile("variable-keyword", player('["in"]'), "players.p.strategy: 'in' is a word of Python"),
    BadFile("variable-pi", player('["pi"]'), "players.p.strategy: 'pi' already has a meaning"),
    BadFile("variable-e", player('["e"]'), "players.p.strategy: 'e' already has a meaning"),
    BadFile(
        "variable-function", player('["exp"]'), "players.p.strategy: 'exp' already has a meaning"
    ),
    # expressions
    BadFile(
        "loss-a-number", player(loss="1.5"), "players.p.loss: it must be an expression in quotes"
    ),
    BadFile(
        "loss-a-list", player(loss='["x"]'), "players.p.loss: it must be an expression in quotes"
    ),
    BadFile("loss-empty", player(loss='""'), "players.p.loss, column 1: the expression is empty"),
    BadFile("unknown-name", player(loss='"x + z"'), "players.p.loss, column 5: unknown name 'z'"),
    BadFile(
        "unknown-function", player(loss='"f(x)"'), "players.p.loss, column 1: unknown function"
    ),
    BadFile(
        "payoff-unknown", X + Y.replace("x*y", "x*q") + G, "players.y.payoff, column 3: unknown"
    ),
    BadFile(
        "arity", player(loss='"sin(x, x)"'), "players.p.loss, column 1: sin takes one argument"
    ),
    BadFile("caret", player(loss='"x^2"'), "players.p.loss, column 2: '^' has no meaning"),
    BadFile("syntax", player(loss='"x +"'), "players.p.loss, column 4: this cannot be read"),
    BadFile(
        "bracket", player(loss='"(x"'), "players.p.loss, column 1: this bracket is never closed"
    ),
    BadFile("tower", player(loss='"9**9**9"'), "players.p.loss, column 1: the power is too large"),
    BadFile(
        "exponent", player(loss='"x**1e6"'), "players.p.loss, column 1: the exponent is larger"
    ),
    BadFile("attribute", player(loss='"x.__class__"'), "players.p.loss, column 1: 'x.__class__'"),
    BadFile("code", player(loss="\"__import__('os')\""), "players.p.loss, column 12: "),
    BadFile("zero-division", player(loss='"x/0"'), "players.p.loss, column 3: division by zero"),
    BadFile("complex", player(loss='"x*sqrt(-1)"'), "players.p.loss, column 3: this is not a"),
    BadFile("undefined-at-parameter", player(loss='"x/g"') + "[parameters]\ng = 0\n", "(at g = 0)"),
    BadFile("flow-expression", '[flow]\nx = "x*z"\n', "flow.x, column 3: unknown name 'z'"),
    BadFile("flow-a-number", "[flow]\nx = 0\n", "flow.x: it must be an expression in quotes"),
    BadFile("flow-variable", '[flow]\n"a b" = "1"\n', 'flow."a b": "a b" is not a name'),
    BadFile("flow-lambda", '[flow]\nlambda = "1"\n', "flow.lambda: 'lambda' is a word of Python"),
    BadFile("map-expression", '[map]\nx = "r*x"\n', "map.x, column 1: unknown name 'r'"),
    BadFile("map-in-a-table", '[map.x]\nnext = "x"\n', "map.x: it must be an expression in quotes"),
    # parameters and constants
    BadFile("parameter-nan", parameter("nan"), "parameters.g: it must be a finite number, not nan"),
    BadFile(
        "parameter-inf", parameter("-inf"), "parameters.g: it must be a finite number, not -inf"
    ),
    BadFile("parameter-bool", parameter("true"), "parameters.g: it must be a number, not true"),
    BadFile("parameter-list", parameter("[1]"), "parameters.g: it must be a number, not a list"),
    BadFile(
        "parameter-time", parameter("07:32:00"), "parameters.g: it must be a number, not a date"
    ),
    BadFile("parameter-text", parameter('"a lot"'), "parameters.g, column 3: this cannot be read"),
    BadFile("parameter-variable", parameter('"2*x"'), "parameters.g, column 3: unknown name 'x'"),
    BadFile(
        "parameter-huge", parameter("1e400"), "parameters.g, column 1: this number is too large"
    ),
    BadFile("parameter-hex", parameter("0x" + "f" * 9000), "parameters.g"),
    BadFile("parameter-e", player() + "[parameters]\ne = 1\n", "parameters.e: 'e' already has"),
    BadFile("parameter-lambda", player() + "[parameters]\nlambda = 1\n", "parameters.lambda: "),
    BadFile(
        "parameter-name", player() + '[parameters]\n"g h" = 1\n', 'parameters."g h": "g h" is not'
    ),
    BadFile(
        "parameter-is-variable", GAME + "x = 1\n", "parameters.x: this is also the name of a var"
    ),
    BadFile(
        "constant-is-variable", constant("x = 1"), "constants.x: this is also the name of a var"
    ),
    BadFile(
        "constant-is-parameter", GAME + "[constants]\ng = 1\n", "constants.g: this is also the"
    ),
    BadFile(
        "constant-later", constant('a = "b"\nb = 1'), "constants.a, column 1: unknown name 'b'"
    ),
    BadFile("constant-itself", constant('a = "a"'), "constants.a, column 1: unknown name 'a'"),
    BadFile("constant-nan", constant("a = nan"), "constants.a: it must be a finite number"),
    BadFile(
        "constant-log", constant('a = "log(0)"'), "constants.a, column 1: this is not a finite"
    ),
    BadFile(
        "constant-root", constant('a = "sqrt(-2)"'), "constants.a, column 1: this is not a real"
    ),
    # box and start
    BadFile("box-unknown", GAME + "[box]\nz = [0, 1]\n", "box.z: there is no such variable"),
    BadFile("box-number", GAME + "[box]\nx = 2\n", "box.x: it must be [low, high], not a number"),
    BadFile("box-one", GAME + "[box]\nx = [2]\n", "box.x: it must be [low, high], not a list of 1"),
    BadFile("box-three", GAME + "[box]\nx = [1, 2, 3]\n", "box.x: it must be [low, high]"),
    BadFile("box-reversed", GAME + "[box]\nx = [2, -2]\n", "box.x: the lower bound 2 is not less"),
    BadFile("box-empty", GAME + "[box]\nx = [1, 1.0]\n", "box.x: the lower bound 1 is not less"),
    BadFile(
        "box-inf", GAME + "[box]\nx = [0, inf]\n", "box.x: it must be a finite number, not inf"
    ),
    BadFile("box-nested", GAME + "[box]\nx = [[0], 1]\n", "box.x: it must be a number, not a list"),
    BadFile("box-text", GAME + '[box]\nx = [0, "z"]\n', "box.x, column 1: unknown name 'z'"),
    BadFile("start-unknown", GAME + "[start]\nz = 1\n", "start.z: there is no such variable"),
    BadFile(
        "start-list", GAME + "[start]\nx = [1]\n", "start.x: it must be a number, not a list of 1"
    ),
    BadFile(
        "start-nan", GAME + "[start]\nx = nan\n", "start.x: it must be a finite number, not nan"
    ),
    BadFile("start-text", GAME + '[start]\nx = "1/0"\n', "start.x, column 3: division by zero"),
]


FLOW = '[flow]\nA = "-k*A + B"\nB = "k*A - B"\n[parameters]\nk = 2\n[constants]\nc = 3\n'
TURN = '[flow]\nphi = "w"\nw = "-sin(phi)"\n[parameters]\nk = 2\n'


def total(entry: str) -> str:
    return FLOW + f"[conserved]\nm = {entry}\n"


def angle(entry: str) -> str:
    return TURN + f"[angles]\n{entry}\n"


BAD_FILES += [
    # angles
    BadFile("angle-zero", angle("phi = 0"), "angles.phi: a period is positive, unlike 0"),
    BadFile("angle-negative", angle("phi = -1"), "angles.phi: a period is positive, unlike -1"),
    BadFile("angle-nan", angle("phi = nan"), "angles.phi: it must be a finite number, not nan"),
    BadFile("angle-inf", angle("phi = inf"), "angles.phi: it must be a finite number, not inf"),
    BadFile("angle-variable", angle('phi = "w"'), "a period is a number or an expression of"),
    BadFile("angle-parameter", angle('phi = "k"'), "angles.phi: a period is a number or an expr"),
    BadFile("angle-formula", angle('phi = "2*k"'), "angles.phi, column 3: unknown name 'k'"),
    BadFile("angle-unknown", angle("psi = 1"), "angles.psi: there is no such variable"),
    BadFile("angle-list", angle("phi = [0, 1]"), "angles.phi: it must be a number, not a list"),
    BadFile("angle-true", angle("phi = true"), "angles.phi: it must be a number, not true"),
    BadFile("angles-number", "angles = 3\n" + TURN, "angles: it must be a table, [angles]"),
    BadFile("angles-game", GAME + "[angles]\nx = 1\n", "angles: a game has no [angles]"),
    # conserved totals
    BadFile("total-text", total('"A + B"'), "conserved.m: it must be a table, as in m = { total"),
    BadFile("total-missing", total("{ value = 1 }"), "conserved.m.total: it is missing; say what"),
    BadFile("total-key", total('{ total = "A", valu = 1 }'), "conserved.m.valu: there is no such"),
    BadFile("total-name", total('{ total = "A + C", value = 1 }'), "column 5: unknown name 'C'"),
    BadFile("total-number", total("{ total = 3, value = 1 }"), "conserved.m.total: it must be an"),
    BadFile("total-constant", total('{ total = "k", value = 1 }'), "there is no variable in k"),
    BadFile("value-inf", total('{ total = "A + B", value = inf }'), "m.value: it must be a finite"),
    BadFile("value-nan", total('{ total = "A + B", value = nan }'), "m.value: it must be a finite"),
    BadFile("value-name", total('{ total = "A + B", value = "q" }'), "m.value, column 1: unknown"),
    BadFile("value-variable", total('{ total = "A + B", value = "A" }'), "and A is a variable"),
    BadFile("value-true", total('{ total = "A + B", value = true }'), "m.value: it must be a num"),
    BadFile(
        "value-missing", total('{ total = "A + B" }'), "conserved.m.value: it is missing; give"
    ),
    BadFile(
        "start-off",
        total('{ total = "A + B", value = 1 }') + "[start]\nA = 1\nB = 1\n",
        "start: A + B is 2 there, and conserved.m says 1; change one of the two",
    ),
    BadFile("conserved-number", "conserved = 3\n" + FLOW, "conserved: it must be a table"),
    BadFile(
        "conserved-game",
        GAME + '[conserved]\nm = { total = "x", value = 1 }\n',
        "conserved: a game has no [conserved]",
    ),
]
