"""The catalogue's files say what their comments claim, re-derived with SymPy."""

from __future__ import annotations

from pathlib import Path

import pytest
import sympy as sp
from sympy import I, Matrix, Rational, Symbol, cosh, log, pi, sqrt

from stability.games import files
from stability.games.files import GameFile, read_game_file
from tests.known_systems import HENON, POLYNOMIAL

CATALOGUE = Path(files.__file__).parent / "catalogue"
NAMES = sorted(path.stem for path in CATALOGUE.glob("*.toml"))
EXPECTED_NAMES = [
    "balduzzi-four",
    "brusselator",
    "congestion",
    "coordination",
    "cournot",
    "covariance-gan",
    "delayed-logistic",
    "dirac-gan",
    "dirac-gan-consensus",
    "dirac-gan-hinge",
    "dirac-gan-instance-noise",
    "dirac-gan-jensen-shannon",
    "dirac-gan-kl",
    "dirac-gan-kl-nonsaturating",
    "dirac-gan-least-squares",
    "dirac-gan-nonsaturating",
    "dirac-gan-pearson",
    "dirac-gan-r1",
    "dirac-gan-reverse-kl",
    "dirac-gan-squared-hellinger",
    "dirac-gan-wasserstein",
    "dirac-gan-wgan-gp",
    "farnia-ozdaglar-kl",
    "farnia-ozdaglar-w2",
    "finite-gan",
    "fitzhugh-nagumo",
    "gaussian-gan",
    "hawk-dove",
    "henon",
    "letcher",
    "linear-gan",
    "logistic",
    "lorenz",
    "matching-pennies",
    "michaelis-menten",
    "mode-collapse",
    "nagarajan-kolter-uniform",
    "nagarajan-kolter-uniform-minimax",
    "order-of-play",
    "pendulum",
    "polynomial",
    "prisoners-dilemma",
    "ridge-1",
    "ridge-2",
    "ridge-3",
    "rock-paper-scissors",
    "sir",
    "stag-hunt",
    "standard-map",
    "tandem",
    "three-player-coordination",
    "torus",
    "van-der-pol",
    "xy",
]

GAMMA, SIGMA, ETA, A, B, EPSILON, MU, R, C, K, T = (
    Symbol(name, real=True)
    for name in ("gamma", "sigma", "eta", "a", "b", "epsilon", "mu", "r", "c", "K", "T")
)
CAPITAL_A, CAPITAL_B = Symbol("A", real=True), Symbol("B", real=True)
THETA_G = Symbol("theta_G", real=True)


def catalogue(name: str) -> GameFile:
    path = CATALOGUE / f"{name}.toml"
    return read_game_file(path.read_text(encoding="utf-8"), filename=path.name)


def field(file: GameFile) -> Matrix:
    """The gradient field of a game, or the equations of a flow or map."""
    if file.kind != "game":
        return Matrix(file.equations)
    return Matrix([-file.losses[p].diff(x) for p, own in file.players.items() for x in own])


def jacobian_at(file: GameFile, point: tuple[object, ...]) -> Matrix:
    place = dict(zip(file.variables, point, strict=True))
    return field(file).jacobian(file.variables).subs(place)


def assert_zero(expression: sp.Expr) -> None:
    assert sp.simplify(sp.sqrtdenest(sp.expand(expression))) == 0


def quadratic(half_trace: sp.Expr, square: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    return half_trace + sqrt(square), half_trace - sqrt(square)


ORIGIN = (0, 0)
# (file, equilibrium, eigenvalues of the Jacobian there), in the file's parameters
EIGENVALUES = [
    ("xy", ORIGIN, (I, -I)),
    ("dirac-gan", ORIGIN, (I / 2, -I / 2)),
    ("dirac-gan-nonsaturating", ORIGIN, (I / 2, -I / 2)),
    ("dirac-gan-wasserstein", ORIGIN, (I, -I)),
    ("dirac-gan-r1", ORIGIN, quadratic(-GAMMA / 2, GAMMA**2 / 4 - Rational(1, 4))),
    (
        "dirac-gan-instance-noise",
        ORIGIN,
        quadratic(-(SIGMA**2) / 4, SIGMA**4 / 16 - Rational(1, 4)),
    ),
    ("dirac-gan-consensus", ORIGIN, (-GAMMA / 4 + I / 2, -GAMMA / 4 - I / 2)),
    *(
        (
            "nagarajan-kolter-uniform",
            (0, a),
            quadratic(-4 * ETA / 9, Rational(4, 81) * (4 * ETA**2 - 9)),
        )
        for a in (1, -1)
    ),
    ("linear-gan", (0, THETA_G), (0, -(1 + THETA_G**2) / 12)),
    ("ridge-1", ORIGIN, (2, 2)),
    ("ridge-2", ORIGIN, (-2, -2)),
    ("ridge-3", ORIGIN, (Rational(2, 5), Rational(2, 5))),
    (
        "balduzzi-four",
        (0, 0, 0, 0),
        tuple(-EPSILON + s * I * (sqrt(2) + t) for s in (1, -1) for t in (1, -1)),
    ),
    ("tandem", (Symbol("s"), 1 - Symbol("s")), (0, -4)),
    ("letcher", ORIGIN, (1 + I, 1 - I)),
    ("matching-pennies", ORIGIN, (I / 4, -I / 4)),
    (
        "brusselator",
        (CAPITAL_A, CAPITAL_B / CAPITAL_A),
        quadratic(
            (CAPITAL_B - 1 - CAPITAL_A**2) / 2,
            (CAPITAL_B - 1 - CAPITAL_A**2) ** 2 / 4 - CAPITAL_A**2,
        ),
    ),
    ("van-der-pol", ORIGIN, quadratic(MU / 2, MU**2 / 4 - 1)),
    ("fitzhugh-nagumo", ORIGIN, quadratic(Rational(7, 2), Rational(129, 4))),
    *(
        ("fitzhugh-nagumo", (s * sqrt(Rational(2, 3)), s * sqrt(Rational(2, 27))), (-5, -8))
        for s in (1, -1)
    ),
    ("pendulum", (sp.asin(T), 0), quadratic(-C / 2, C**2 / 4 - sqrt(1 - T**2))),
    ("pendulum", (pi - sp.asin(T), 0), quadratic(-C / 2, C**2 / 4 + sqrt(1 - T**2))),
    ("standard-map", (0, 0), quadratic(1 + K / 2, K**2 / 4 + K)),
    ("standard-map", (pi, 0), quadratic(1 - K / 2, K**2 / 4 - K)),
    ("logistic", (0,), (R,)),
    ("logistic", (1 - 1 / R,), (2 - R,)),
    ("delayed-logistic", (1 - 1 / R, 1 - 1 / R), quadratic(Rational(1, 2), Rational(5, 4) - R)),
]


def test_the_catalogue_is_complete():
    assert NAMES == EXPECTED_NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_file_has_a_source_a_name_a_box_and_a_start(name):
    text = (CATALOGUE / f"{name}.toml").read_text(encoding="utf-8")
    heading = text[: text.index("\nname = ")]
    first_sentence = heading.split("\n#\n")[0]
    assert all(line.startswith("#") for line in heading.splitlines())
    assert any(str(year) in first_sentence for year in range(1900, 2025))
    assert first_sentence.endswith((".", "maximises."))
    assert max(map(len, text.splitlines())) <= 100

    file = catalogue(name)
    variables = {variable.name for variable in file.variables}
    assert 'name = "' in text
    assert set(file.box) == set(file.start) == variables
    for variable in variables:
        low, high = file.box[variable]
        assert low <= file.start[variable] <= high


@pytest.mark.parametrize(("name", "point", "eigenvalues"), EIGENVALUES)
def test_equilibria_and_eigenvalues(name, point, eigenvalues):
    file = catalogue(name)
    rest = field(file).subs(dict(zip(file.variables, point, strict=True)))
    if file.kind == "map":
        rest -= Matrix(point)
    for component in rest:
        assert_zero(component)
    x = Symbol("lambda")
    characteristic = jacobian_at(file, point).charpoly(x).as_expr()
    expected = sp.expand(sp.prod([x - eigenvalue for eigenvalue in eigenvalues]))
    for coefficient in sp.Poly(sp.expand(characteristic - expected), x).coeffs():
        assert_zero(coefficient)


@pytest.mark.parametrize("a", [1, -1])
def test_nagarajan_kolter_minimax(a):
    file = catalogue("nagarajan-kolter-uniform-minimax")
    J = jacobian_at(file, (0, a)).applyfunc(lambda entry: sp.simplify(sp.expand(entry)))
    # the penalty's derivatives are 2 eta V_wa V_wa and 2 eta V_wa V_ww
    coupling = a * (Rational(1, 3) - ETA / 15)
    expected = Matrix([[-Rational(1, 10), -Rational(a, 3)], [coupling, -2 * ETA / 9]])
    assert (J - expected).expand().is_zero_matrix
    expected = {-Rational(1, 20) + s * I * sqrt(Rational(1, 9) - Rational(1, 400)) for s in (1, -1)}
    assert set(J.subs(ETA, 0).eigenvals()) == expected
    assert file.parameters == {ETA: 0}


def test_nagarajan_kolter_penalty_is_the_squared_gradient():
    file = catalogue("nagarajan-kolter-uniform-minimax")
    value = -file.losses["disc"]
    penalty = file.losses["gen"] - value
    w, a = file.variables
    at = {w: Rational(3, 10), a: Rational(7, 10), ETA: 1}
    difference = (penalty - ETA * value.diff(w) ** 2).subs(at)
    assert abs(difference.evalf(40)) < 1e-35  # 40 digits were asked for


def test_consensus_penalty_is_half_the_squared_simultaneous_gradient():
    plain, file = catalogue("dirac-gan"), catalogue("dirac-gan-consensus")
    simultaneous_gradient = -field(plain)
    penalty = GAMMA / 2 * simultaneous_gradient.dot(simultaneous_gradient)
    for player in ("gen", "disc"):
        assert_zero(file.losses[player] - plain.losses[player] - penalty)


@pytest.mark.parametrize(
    ("name", "conserved"),
    [
        ("xy", lambda x, y: x**2 + y**2),
        ("dirac-gan", lambda theta, psi: theta**2 + psi**2),
        ("dirac-gan-wasserstein", lambda theta, psi: theta**2 + psi**2),
        ("nagarajan-kolter-uniform", lambda w, a: w**2 + a**2 / 2 - log(a)),
        ("matching-pennies", lambda a, b: cosh(a) + cosh(b)),
    ],
)
def test_conserved_quantities(name, conserved):
    file = catalogue(name)
    flow = field(file).subs(ETA, 0)
    (rate,) = Matrix([conserved(*file.variables)]).jacobian(file.variables) * flow
    for point in ((Rational(3, 10), Rational(1, 7)), (-2, Rational(5, 3)), (4, 3)):
        value = rate.subs(dict(zip(file.variables, point, strict=True)))
        assert abs(sp.N(value, 30, chop=True)) < 1e-28  # 30 digits were asked for


def test_nonsaturating_dirac_gan_drifts_inwards():
    # theta² + psi² changes at the rate 2 theta psi (f'(theta psi) - f'(-theta psi)): to fourth
    # order -(theta psi)²
    file = catalogue("dirac-gan-nonsaturating")
    theta, psi = file.variables
    rate = 2 * Matrix(file.variables).dot(field(file))
    leading = sp.series(rate.subs({theta: R * theta, psi: R * psi}), R, 0, 5).removeO()
    assert_zero(leading + R**4 * theta**2 * psi**2)


def test_wgan_gp_has_no_equilibrium():
    file = catalogue("dirac-gan-wgan-gp")
    _, psi = file.variables
    generator, discriminator = field(file)
    assert generator == -psi  # so psi = 0 at rest, where the discriminator's field jumps by 4 gamma
    jump = sp.limit(discriminator, psi, 0, "+") - sp.limit(discriminator, psi, 0, "-")
    assert_zero(jump - 4 * GAMMA)


def test_linear_gan_is_concave_in_each_argument():
    file = catalogue("linear-gan")
    for variable in file.variables:
        curvature = sp.lambdify(file.variables, -file.losses["disc"].diff(variable, 2), "mpmath")
        assert all(curvature(d, g) <= 0 for d in (-1.5, 0.3, 2) for g in (-2, 0.7, 1))


def test_ridge_origins_are_minmax_points_except_in_the_second():
    for name, minmax in (("ridge-1", True), ("ridge-2", False), ("ridge-3", True)):
        file = catalogue(name)
        H = sp.hessian(file.losses["x"], file.variables).subs(dict.fromkeys(file.variables, 0))
        schur = H[0, 0] - H[0, 1] ** 2 / H[1, 1]
        assert (H[1, 1] < 0 and schur > 0) == minmax
        nash = H[0, 0] > 0 and H[1, 1] < 0
        assert not nash


def test_defective_double_eigenvalues():
    for name in ("ridge-1", "ridge-2"):
        assert not jacobian_at(catalogue(name), ORIGIN).is_diagonalizable()
    noise = jacobian_at(catalogue("dirac-gan-instance-noise"), ORIGIN).subs(SIGMA, sqrt(2))
    assert noise.applyfunc(sp.simplify).eigenvals() == {-Rational(1, 2): 2}
    assert not noise.applyfunc(sp.simplify).is_diagonalizable()


def test_torus_timescales():
    file = catalogue("torus")
    tau = Symbol("tau", positive=True)
    for point, threshold in ((ORIGIN, Rational(85, 115)), ((pi, pi), Rational(115, 85))):
        J = jacobian_at(file, point).subs(file.parameters)
        scaled = sp.diag(1, tau) * J
        assert scaled.det().subs(tau, 1) > 0
        assert sp.solve(scaled.trace(), tau) == [threshold]
        assert scaled.trace().subs(tau, 2) < 0
    assert jacobian_at(file, ORIGIN).subs(B, A).eigenvals() == {-A: 2}
    assert jacobian_at(file, (pi, pi)).subs(B, A).eigenvals() == {A: 2}


def test_polynomial_equilibria():
    file = catalogue("polynomial")
    v = field(file).subs(file.parameters)
    J = v.jacobian(file.variables)
    # coordinates as the file's comment rounds them, and whether both own Hessians are positive
    for known in POLYNOMIAL:
        point = sp.nsolve(v, file.variables, known)
        for found, quoted in zip(point, known, strict=True):
            assert abs(found - quoted) < 0.6 * 10 ** -len(str(quoted).split(".")[1])
        own = J.subs(dict(zip(file.variables, point, strict=True)))
        assert (own[0, 0] < 0 and own[1, 1] < 0) == (known != POLYNOMIAL[3])
        half_trace = own.trace() / 2
        assert half_trace < 0
        assert own.det() > 0
    assert abs(half_trace + 0.7072) < 1e-4  # the comment's four digits
    assert abs(sqrt(own.det() - half_trace**2) - 2.4724) < 1e-4


def test_lorenz():
    file = catalogue("lorenz")
    numbers = file.parameters
    assert file.parameters[Symbol("beta", real=True)] == Rational(8, 3)
    origin = jacobian_at(file, (0, 0, 0)).subs(numbers)
    root = sqrt(1201)
    assert set(origin.eigenvals()) == {-Rational(8, 3), (-11 + root) / 2, (-11 - root) / 2}
    c = 6 * sqrt(2)
    at_wing = dict(zip(file.variables, (c, c, 27), strict=True))
    assert field(file).subs(numbers).subs(at_wing).is_zero_matrix
    # Hurwitz: a1*a2 - a3 changes sign at rho = 470/19
    rho, x = Symbol("rho", real=True), Symbol("lambda")
    beyond = {k: v for k, v in numbers.items() if k != rho}
    height = sqrt(Rational(8, 3) * (rho - 1))
    wing = jacobian_at(file, (height, height, rho - 1)).subs(beyond)
    _, a1, a2, a3 = wing.charpoly(x).all_coeffs()
    assert sp.solve(sp.expand(a1 * a2 - a3), rho) == [Rational(470, 19)]


def test_henon():
    file = catalogue("henon")
    x, y = file.variables
    equations = [f - z for f, z in zip(file.equations, file.variables, strict=True)]
    found = {}
    for solution in sp.solve([e.subs(file.parameters) for e in equations], [x, y], dict=True):
        J = field(file).jacobian([x, y]).subs(file.parameters).subs(solution)
        found[float(solution[x])] = sorted(float(m) for m in J.eigenvals())
    for place, multipliers in HENON.items():
        nearest = min(found, key=lambda at, place=place: abs(at - place))
        assert nearest == pytest.approx(place, abs=1e-7)  # seven digits are given
        assert found[nearest] == pytest.approx(sorted(multipliers), abs=1e-5)  # five are given
    for critical, multiplier in (("-0.1225", 1), ("0.3675", -1)):  # fold and flip at b = 0.3
        values = {A: Rational(critical), B: Rational(3, 10)}
        J = field(file).jacobian([x, y]).subs(values)
        points = sp.solve([e.subs(values) for e in equations], [x, y], dict=True)
        assert any((J.subs(p) - multiplier * sp.eye(2)).det() == 0 for p in points)
