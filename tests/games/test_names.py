"""Names in game files: which are legal, and that the legal ones come back from everything that shows them."""

import json
import re

import numpy as np
import pytest
import sympy

import stability as st
from stability.documents.formulas import latex, latex_all, latex_name, looks, readable, readable_all
from stability.games.files import read_game_file
from stability.games.load import build
from stability.spectra.exact import exact_text

from ..cli.commands import in_process

LEGAL = [
    "I", "E", "S", "N", "O", "Q", "C", "D", "Pi", "Abs", "Max", "Symbol", "beta", "gamma", "zeta", "Beta",
    "lr", "tau", "x_1", "theta_gen", "x__y", "max_", "_", "_x", "i", "j", "h", "λ", "θ_2", "Ω", "é", "变量",
    "match", "print", "self", "jnp", "time", "sin2",
]  # fmt: skip
ILLEGAL = {
    "lambda": "'lambda' is a word of Python; call it 'lam', say",
    "in": "'in' is a word of Python; call it 'in_', say",
    "None": "is a word of Python",
    "max": "'max' already has a meaning in expressions",
    "pi": "'pi' already has a meaning",
    "e": "'e' already has a meaning",
    "π": "'π' already has a meaning",
    "oo": "'oo' already has a meaning",
    "nan": "'nan' already has a meaning",
    "inf": "'inf' already has a meaning",
    "1x": '"1x" is not a name: letters, digits and _',
    "x y": '"x y" is not a name',
    "x²": '"x²" is not a name',
    "µ": '"µ" (U+00B5) is to be written "μ" (U+03BC)',
    "e\u0301": '(U+0301) is to be written "é" (U+00E9)',
    "x\u202e": '"x\\u202e" is not a name',
}


def file_with(name: str, owner: str = "parameter") -> str:
    key = json.dumps(name)
    if owner == "parameter":
        return f'[flow]\nx = "{name}*x - x**3"\n[parameters]\n{key} = 0.5\n'
    return f'[flow]\n{key} = "-g*{name}"\n[parameters]\ng = 0.5\n'


@pytest.mark.parametrize("name", LEGAL)
@pytest.mark.parametrize("owner", ["parameter", "variable"])
def test_a_legal_name_comes_back_from_formulas(name, owner):
    system = build(read_game_file(file_with(name, owner), filename="f.toml"))
    symbol = {s.name: s for s in (*system.variables, *system.parameters)}[name]
    form = sympy.E * symbol**2 / 2 - sympy.I * sympy.sqrt(symbol + 2)
    text = exact_text(form, [name])
    assert sympy.sympify(text, locals={name: symbol}) == form
    shown = readable(text, [name])
    assert f"{name}²" in shown
    assert (latex(text, [name]) or "").count(latex_name(name)) >= 2
    numeric = system.at_values()[0]  # the twin in JAX
    assert numeric.values(np.array([[0.5]])).shape == (1, 1)


@pytest.mark.parametrize(("name", "sentence"), ILLEGAL.items())
@pytest.mark.parametrize("owner", ["parameter", "variable"])
def test_an_illegal_name_is_refused_in_a_sentence(name, sentence, owner):
    with pytest.raises(st.GameFileError, match=re.escape(sentence)) as refused:
        read_game_file(file_with(name, owner), filename="f.toml")
    assert "\n" not in str(refused.value)


def test_the_constants_are_told_from_names_like_them():
    small = sympy.Symbol("i", real=True)
    assert readable_all(["-I + sqrt(-1)", "-I - sqrt(-1)"], ["I"]) == ["−I ± i"]
    assert readable_all(["-I", "I"], ["i"]) == ["±√(−1)"]
    assert latex_all(["I + sqrt(-1)"], ["I"]) == ["I + i"]
    assert readable(exact_text(small + sympy.I, ["i"]), ["i"]) == "i + √(−1)"
    euler = exact_text(sympy.Symbol("E") * sympy.E, ["E"])
    assert readable(euler, ["E"]) == "e·E"


@pytest.mark.parametrize(
    ("one", "other"), [("x1", "x_1"), ("theta", "θ"), ("theta_2", "θ2"), ("lambda1", "λ_1")]
)
def test_names_that_look_the_same_are_refused(one, other):
    text = f'[flow]\n{json.dumps(one)} = "-{one}"\n{json.dumps(other)} = "{one}"\n'
    with pytest.raises(st.GameFileError, match=f"{other} and {one} look the same in formulas"):
        read_game_file(text, filename="f.toml")


def test_other_names_look_different():
    names = [*LEGAL, "x", "x_", "max", "theta_gen_", "_1", "x11", "xy", "X", "theta", "thetagen"]
    assert len({looks(name) for name in names}) == len(names)


NASTY = """
[players.I]
strategy = ["λ"]
loss = "I*λ**2/2 + λ*time"
[players.max_]
strategy = ["time"]
loss = "E*time**2/2 - λ*time"
[parameters]
I = 0.5
E = 0.25
[start]
"λ" = 1
"""


def run(*arguments: str) -> str:
    done = in_process(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nasty_names_go_through_the_command_line_and_back(tmp_path):
    path = tmp_path / "nasty.toml"
    path.write_text("\ufeff" + NASTY, encoding="utf-8")  # with a byte order mark
    game = str(path)
    rule = "simultaneous:lr.max_=0.1"
    found = json.loads(
        run("report", game, "--set", "I=2", "--at", "λ=0,time=0", "--rule", rule, "--json")
    )
    assert found["system"]["parameters"] == {"I": 2.0, "E": 0.25}
    (point,) = found["equilibria"]
    assert point["point"] == {"λ": 0.0, "time": 0.0}
    closed = point["flows"][0]["exact_eigenvalues"]
    locals_ = {name: sympy.Symbol(name) for name in ("I", "E")}
    numbers = [
        complex(sympy.sympify(text, locals=locals_).subs({locals_["I"]: 2, locals_["E"]: 0.25}))
        for text in closed
    ]
    assert numbers == pytest.approx([complex(*z) for z in point["flows"][0]["eigenvalues"]])
    critical = sympy.sympify(point["rules"][0]["critical_lr_exact"], locals=locals_)
    assert critical.free_symbols == set(locals_.values())
    swept = run("sweep", game, "--over", "I=1:2:2", "--quantity", "spectral_abscissa", "--json")
    assert json.loads(swept)["axes"][0]["name"] == "I"
    followed = tmp_path / "paths.csv"
    run("trajectory", game, "--start", "λ=1,time=1", "--steps", "2", "-o", str(followed))
    header = followed.read_text().splitlines()[0]
    assert header == "path,start,time,λ,variable time,loss of I,loss of max_"


@pytest.mark.parametrize(
    ("wrong", "right", "sentence"),
    [
        ('"λ" = 1', "λ = 1", 'line 12: write the key λ in quotes, "λ"'),
        ("players.max_", "players.μ", 'line 5: write the key μ in quotes, "μ"'),
        ("E = 0.25", "E_λ = 0.25", 'line 10: write the key E_λ in quotes, "E_λ"'),
        ("I = 0.5", 'I = "½"', "'½' has no meaning in an expression"),
    ],
)
def test_letters_out_of_place_are_named(wrong, right, sentence):
    text = NASTY.replace(wrong, right)
    with pytest.raises(st.GameFileError, match=re.escape(sentence)):
        read_game_file(text, filename="f.toml")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_another_encoding_is_one_sentence(tmp_path, encoding):
    path = tmp_path / "game.toml"
    path.write_bytes(NASTY.replace("λ", "é").encode(encoding))
    with pytest.raises(st.GameFileError, match=r"the file is not UTF-8 text; save it as UTF-8$"):
        st.load(path)


def test_a_rules_memory_has_names_of_its_own():
    x, x_, a = sympy.symbols("x x_ x__", real=True)
    flow = st.SymbolicFlow({x: -x + x_ * a, x_: -x_}, parameters={a: 1})
    stepped = flow.stepped(
        lambda flow, point: (point, point), lambda flow, state: (state[0] + state[1], state[1])
    )
    assert stepped.dimension == 4
    assert len({v.name for v in (*stepped.variables, a)}) == 5
