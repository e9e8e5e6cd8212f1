"""Systems with known answers, for all tests: rest points, eigenvalues, verdicts, steps and multipliers.

Systems are entries of the catalogue, parameters and numbers closed forms as text, which `number` reads.
Where they come from: Goodfellow 2017 (xy), Mescheder 2018 (Dirac-GANs), Nagarajan and Kolter 2017, Wang 2020
(ridge), Fiez and Ratliff 2021 (polynomial, torus), Balduzzi 2018, Letcher 2020; the others are textbooks'.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

import stability as st

STABLE, UNSTABLE, UNDECIDED = "exponentially stable", "unstable", "undecided"
SIMULTANEOUS, ALTERNATING = "simultaneous", "alternating"
ORIGIN = ("0", "0")
INFINITY = math.inf


def number(text: str | float, **parameters: Any) -> complex:
    """The value of a closed form at parameter values, by SymPy."""
    expression = sympy.sympify(str(text), locals={name: sympy.Symbol(name) for name in parameters})
    values = {name: sympy.sympify(str(value)) for name, value in parameters.items()}
    return complex(expression.subs(values).evalf(30))


def numbers(texts: Sequence[str | float], **parameters: Any) -> np.ndarray:
    """Values of closed forms, in the report's order: real, then imaginary part, largest first."""
    found = [number(text, **parameters) for text in texts]
    return np.array(sorted(found, key=lambda v: (-round(v.real, 9), -round(v.imag, 9))))


def both(text: str) -> list[str]:
    """The two closed forms that "±" stands for."""
    return [text.replace("±", sign) for sign in "+-"]


class KnownFlow(NamedTuple):
    """A rest point of a flow, or of a game's gradient flow.

    "undecided/neutral": the linearisation is silent, yet who looks further may know more.
    """

    game: str
    parameters: dict[str, str]
    point: tuple[str, ...]
    eigenvalues: list[str]
    verdict: str
    kind: str | None


class KnownMap(NamedTuple):
    """A fixed point of a map; `decides`: what would decide where the linearisation does not."""

    name: str
    parameters: dict[str, str]
    point: tuple[str, ...]
    multipliers: list[str]
    verdict: str
    decides: str | None


class KnownSteps(NamedTuple):
    """The radius, in h, of steps of the size `h` near a rest point, and the critical step."""

    game: str
    parameters: dict[str, str]
    rule: str
    h: str
    point: tuple[str, ...]
    radius: str
    verdict: str
    critical: str


FLOWS = [
    KnownFlow("xy", {}, ORIGIN, ["I", "-I"], "neutral", "centre"),
    KnownFlow("dirac-gan", {}, ORIGIN, ["I/2", "-I/2"], "neutral", None),
    KnownFlow("dirac-gan-nonsaturating", {}, ORIGIN, ["I/2", "-I/2"],
              "undecided/asymptotically stable", None),
    KnownFlow("dirac-gan-wasserstein", {}, ORIGIN, ["I", "-I"], "neutral", "centre"),
    *(KnownFlow("dirac-gan-instance-noise", {"sigma": sigma}, ORIGIN,
                both("-sigma**2/4 ± sqrt(sigma**4/16 - 1/4)"), STABLE, kind)
      for sigma, kind in [("1/2", "stable focus"), ("sqrt(2)", "stable degenerate node"),
                          ("2", "stable node")]),
    *(KnownFlow("dirac-gan-r1", {"gamma": gamma}, ORIGIN,
                both("-gamma/2 ± sqrt(gamma**2/4 - 1/4)"), STABLE, kind)
      for gamma, kind in [("0.3", "stable focus"), ("1", "stable degenerate node"),
                          ("3/2", "stable node")]),
    KnownFlow("dirac-gan-consensus", {"gamma": "0.3"}, ORIGIN, both("-gamma/4 ± I/2"),
              STABLE, "stable focus"),
    *(KnownFlow("nagarajan-kolter-uniform", {"eta": eta}, ("0", a),
                both("-4*eta/9 ± 2*sqrt(4*eta**2 - 9)/9"), verdict, kind)
      for a in ("-1", "1")
      for eta, verdict, kind in [("0", "neutral", None),
                                 ("1/10", STABLE, "stable focus"),
                                 ("3/2", STABLE, "stable degenerate node"),
                                 ("2", STABLE, "stable node")]),
    *(KnownFlow("nagarajan-kolter-uniform-minimax", {}, ("0", a),
                both("-1/20 ± I*sqrt(1/9 - 1/400)"), STABLE, "stable focus")
      for a in ("-1", "1")),
    KnownFlow("ridge-1", {}, ORIGIN, ["2", "2"], UNSTABLE, "unstable degenerate node"),
    KnownFlow("ridge-2", {}, ORIGIN, ["-2", "-2"], STABLE, "stable degenerate node"),
    KnownFlow("ridge-3", {}, ORIGIN, ["2/5", "2/5"], UNSTABLE, "unstable degenerate node"),
    KnownFlow("torus", {}, ORIGIN, ["-0.15", "-0.15"], STABLE, "stable degenerate node"),
    KnownFlow("torus", {}, ("pi", "pi"), ["0.15", "0.15"], UNSTABLE, "unstable degenerate node"),
    KnownFlow("balduzzi-four", {"epsilon": "0.01"}, ("0",) * 4,
              [f"-epsilon {s} I*(sqrt(2) {r} 1)" for s in "+-" for r in "+-"],
              STABLE, "stable focus"),
    KnownFlow("letcher", {}, ORIGIN, ["1 + I", "1 - I"], UNSTABLE, "unstable focus"),
    KnownFlow("matching-pennies", {}, ORIGIN, ["I/4", "-I/4"], "neutral", None),
    # Brusselator: trace B - 1 - A², determinant A²; Hopf at B = 1 + A².
    *(KnownFlow("brusselator", {"A": A, "B": B}, (A, f"({B})/({A})"),
                both("(B - 1 - A**2)/2 ± sqrt((B - 1 - A**2)**2 - 4*A**2)/2"), verdict, kind)
      for A, B, verdict, kind in [
          ("1", "3/2", STABLE, "stable focus"),
          ("1", "1.999", STABLE, "stable focus"),
          ("1", "2", "undecided/asymptotically stable", None),  # Re c₁ = -1/2
          ("1", "2.001", UNSTABLE, "unstable focus"),
          ("2", "4.999", STABLE, "stable focus"),
          ("2", "5", "undecided/asymptotically stable", None),  # Re c₁ = -1/3
          ("2", "5.001", UNSTABLE, "unstable focus"),
          ("1", "4", UNSTABLE, "unstable degenerate node")]),
    # Lorenz: pitchfork at rho = 1, where the origin's eigenvalues are (-11 ± sqrt(121))/2 and -8/3.
    *(KnownFlow("lorenz", {"rho": rho}, ("0", "0", "0"),
                ["-8/3", *both("(-11 ± sqrt(81 + 40*rho))/2")], verdict, kind)
      for rho, verdict, kind in [
          ("0.999", STABLE, "stable node"),
          ("1", "undecided/asymptotically stable", None),
          ("1.001", UNSTABLE, "saddle with 1 unstable direction"),
          ("28", UNSTABLE, "saddle with 1 unstable direction")]),
    *(KnownFlow("van-der-pol", {"mu": mu}, ORIGIN, both("mu/2 ± sqrt(mu**2 - 4)/2"), verdict, kind)
      for mu, verdict, kind in [
          ("-1", STABLE, "stable focus"),
          ("0", "neutral", None),
          ("1", UNSTABLE, "unstable focus"),
          ("2", UNSTABLE, "unstable degenerate node"),
          ("3", UNSTABLE, "unstable node")]),
    KnownFlow("fitzhugh-nagumo", {}, ORIGIN, both("(7 ± sqrt(129))/2"),
              UNSTABLE, "saddle with 1 unstable direction"),
    *(KnownFlow("fitzhugh-nagumo", {}, (f"{sign}sqrt(2/3)", f"{sign}sqrt(2/27)"), ["-5", "-8"],
                STABLE, "stable node")
      for sign in "+-"),
]  # fmt: skip

HENON_X = "(-0.7 ± sqrt(0.49 + 4*({a})))/(2*({a}))"
HENON_A_X = "((-0.7 ± sqrt(0.49 + 4*a))/2)"  # a x
MAPS = [
    KnownMap("logistic", {"r": "2.5"}, ("0",), ["r"], UNSTABLE, None),
    KnownMap("logistic", {"r": "2.5"}, ("3/5",), ["2 - r"], STABLE, None),
    KnownMap("logistic", {"r": "2.999"}, ("1 - 1/2.999",), ["2 - r"], STABLE, None),
    KnownMap("logistic", {"r": "3"}, ("2/3",), ["2 - r"], "undecided/asymptotically stable", "flip"),
    KnownMap("logistic", {"r": "3.001"}, ("1 - 1/3.001",), ["2 - r"], UNSTABLE, None),
    KnownMap("logistic", {"r": "1"}, ("0",), ["r"], "undecided/unstable", "centre manifold"),
    *(KnownMap("henon", {"a": a}, (x := HENON_X.format(a=a).replace("±", sign), f"0.3*({x})"),
               both("-A ± sqrt(A**2 + 0.3)".replace("A", HENON_A_X.replace("±", sign))),
               verdict, decides)
      for a, sign, verdict, decides in [
          ("1.4", "+", UNSTABLE, None),
          ("1.4", "-", UNSTABLE, None),
          ("-0.1225", "+", "undecided/unstable", "centre manifold"),
          ("-0.12", "+", STABLE, None),
          ("-0.12", "-", UNSTABLE, None),
          ("0.367", "+", STABLE, None),
          ("0.3675", "+", "undecided/asymptotically stable", "flip"),
          ("0.368", "+", UNSTABLE, None)]),
    *(KnownMap("delayed-logistic", {"r": r}, (f"1 - 1/({r})",) * 2, both("1/2 ± sqrt(5/4 - r)"),
               verdict, decides)
      for r, verdict, decides in [
          ("1.9", STABLE, None),
          ("2", "undecided/asymptotically stable", "Neimark–Sacker"),
          ("2.1", UNSTABLE, None)]),
    KnownMap("delayed-logistic", {"r": "1.9"}, ORIGIN, ["r", "0"], UNSTABLE, None),
]  # fmt: skip

# Alternating steps: determinant and trace of the step, in θ first.
STEPS = [
    # xy: determinant 1 and trace 2 - h²; at h = 2 the double -1 is defective
    KnownSteps("xy", {}, SIMULTANEOUS, "0.2", ORIGIN, "sqrt(1 + h**2)", UNSTABLE, "0"),
    KnownSteps("xy", {}, ALTERNATING, "0.2", ORIGIN, "1", "neutral", "0"),
    KnownSteps("xy", {}, ALTERNATING, "1.9", ORIGIN, "1", "neutral", "0"),
    KnownSteps("xy", {}, ALTERNATING, "2", ORIGIN, "1", UNSTABLE, "0"),
    KnownSteps("xy", {}, ALTERNATING, "5/2", ORIGIN, "(h**2 - 2 + h*sqrt(h**2 - 4))/2",
               UNSTABLE, "0"),
    KnownSteps("dirac-gan", {}, SIMULTANEOUS, "0.2", ORIGIN, "sqrt(1 + h**2/4)", UNSTABLE, "0"),
    KnownSteps("dirac-gan", {}, ALTERNATING, "0.2", ORIGIN, "1", UNSTABLE, "0"),
    KnownSteps("dirac-gan-nonsaturating", {}, SIMULTANEOUS, "0.2", ORIGIN, "sqrt(1 + h**2/4)",
               UNSTABLE, "0"),
    KnownSteps("dirac-gan-r1", {"gamma": "0.3"}, SIMULTANEOUS, "0.2", ORIGIN,
               "sqrt(1 - h*gamma + h**2/4)", STABLE, "4*gamma"),
    KnownSteps("dirac-gan-r1", {"gamma": "0.3"}, ALTERNATING, "0.2", ORIGIN,
               "sqrt(1 - h*gamma)", STABLE, "4*(sqrt(gamma**2 + 1) - gamma)"),
    KnownSteps("dirac-gan-r1", {"gamma": "1"}, SIMULTANEOUS, "0.2", ORIGIN, "9/10", STABLE, "4"),
    KnownSteps("dirac-gan-r1", {"gamma": "1"}, ALTERNATING, "0.2", ORIGIN,
               "(179 + sqrt(41))/200",  # trace 2 - h - h²/4 = 1.79, determinant 1 - h = 0.8
               STABLE, "4*(sqrt(2) - 1)"),
    KnownSteps("dirac-gan-r1", {"gamma": "3/2"}, SIMULTANEOUS, "0.2", ORIGIN,
               "1 - h*(gamma - sqrt(gamma**2 - 1))/2", STABLE, "4*(gamma - sqrt(gamma**2 - 1))"),
    KnownSteps("dirac-gan-r1", {"gamma": "3/2"}, ALTERNATING, "0.2", ORIGIN,
               "(2 - h*gamma - h**2/4 + sqrt((2 - h*gamma - h**2/4)**2 - 4*(1 - h*gamma)))/2",
               STABLE, "4*(sqrt(gamma**2 + 1) - gamma)"),
    KnownSteps("dirac-gan-instance-noise", {"sigma": "1/2"}, SIMULTANEOUS, "0.1", ORIGIN,
               "sqrt(1 - h*sigma**2/2 + h**2/4)", STABLE, "2*sigma**2"),
    KnownSteps("dirac-gan-instance-noise", {"sigma": "1/2"}, ALTERNATING, "0.1", ORIGIN,
               "sqrt(1 - h*sigma**2/2)", STABLE, "2*(sqrt(sigma**4 + 4) - sigma**2)"),
    KnownSteps("dirac-gan-consensus", {"gamma": "0.3"}, SIMULTANEOUS, "0.2", ORIGIN,
               "sqrt((1 - h*gamma/4)**2 + h**2/4)", STABLE, "8*gamma/(gamma**2 + 4)"),
    KnownSteps("dirac-gan-consensus", {"gamma": "0.3"}, ALTERNATING, "0.2", ORIGIN,
               "1 - h*gamma/4", STABLE, "8/(gamma + 2)"),
    KnownSteps("nagarajan-kolter-uniform", {"eta": "1/2"}, SIMULTANEOUS, "0.1", ("0", "1"),
               "sqrt(1 - 8*h*eta/9 + 4*h**2/9)", STABLE, "2*eta"),
    KnownSteps("nagarajan-kolter-uniform", {"eta": "1/2"}, ALTERNATING, "0.1", ("0", "1"),
               "sqrt(1 - 8*h*eta/9)", STABLE, "sqrt(4*eta**2 + 9) - 2*eta"),
    KnownSteps("nagarajan-kolter-uniform", {"eta": "2"}, SIMULTANEOUS, "0.1", ("0", "-1"),
               "1 - 2*h*(2*eta - sqrt(4*eta**2 - 9))/9", STABLE,
               "2*eta - sqrt(4*eta**2 - 9)"),  # "η not too large"
    KnownSteps("nagarajan-kolter-uniform-minimax", {}, SIMULTANEOUS, "1/2", ("0", "1"),
               "sqrt(1 - h/10 + h**2/9)", STABLE, "9/10"),
    KnownSteps("nagarajan-kolter-uniform-minimax", {}, ALTERNATING, "1/2", ("0", "1"),
               "sqrt(1 - h/10)", STABLE, "(3*sqrt(409) - 9)/10"),
    # ridge: trace 2 - 4h - 16h², determinant (1 - 6h)(1 + 2h) when alternating
    KnownSteps("ridge-1", {}, SIMULTANEOUS, "1/20", ORIGIN, "1 + 2*h", UNSTABLE, "0"),
    KnownSteps("ridge-2", {}, SIMULTANEOUS, "1/20", ORIGIN, "1 - 2*h", STABLE, "1"),
    KnownSteps("ridge-2", {}, ALTERNATING, "1/20", ORIGIN, "(44 + sqrt(11))/50",
               STABLE, "(2*sqrt(2) - 1)/7"),
    KnownSteps("balduzzi-four", {"epsilon": "0.01"}, SIMULTANEOUS, "0.032", ("0",) * 4,
               "sqrt((1 - h*epsilon)**2 + h**2*(1 + sqrt(2))**2)",
               UNSTABLE, "2*epsilon/(epsilon**2 + (1 + sqrt(2))**2)"),
    KnownSteps("letcher", {}, SIMULTANEOUS, "0.1", ORIGIN, "sqrt((1 + h)**2 + h**2)",
               UNSTABLE, "0"),
]  # fmt: skip


# The multipliers of one eigenvalue λ obey a polynomial in z = hλ, leading coefficient first. Each row: the
# rule of a step and of settings that stay free, their names, and the polynomial.
POLYNOMIALS: list[tuple[Callable[..., st.Rule], tuple[str, ...], Callable[..., list[Any]]]] = [
    (st.Simultaneous, (), lambda z: [1, -(1 + z)]),
    (st.Extragradient, (), lambda z: [1, -(1 + z + z**2)]),
    (st.Proximal, (), lambda z: [1, -1 / (1 - z)]),
    (st.Heun, (), lambda z: [1, -(1 + z + z**2 / 2)]),
    (st.RK4, (), lambda z: [1, -sum(z**j / math.factorial(j) for j in range(5))]),
    (lambda lr, alpha: st.RungeKutta(lr=lr, a=((), (alpha,)), b=(0, 1)), ("alpha",),
     lambda z, alpha: [1, -(1 + z + alpha * z**2)]),
    (lambda lr, alpha: st.Lookahead(lr=lr, k=4, alpha=alpha), ("alpha",),
     lambda z, alpha: [1, -(1 - alpha + alpha * (1 + z) ** 4)]),
    (st.Optimistic, (), lambda z: [1, -(1 + 2 * z), z]),
    # y = x + z f₋, f = y/h, x⁺ = x + z y: the trace is 1 + z + z, the determinant z
    (lambda lr: st.Extragradient(lr=lr, past=True), (), lambda z: [1, -(1 + 2 * z), z]),
    (st.HeavyBall, ("beta",), lambda z, beta: [1, -(1 + beta + z), beta]),
    (st.Nesterov, ("beta",), lambda z, beta: [1, -(1 + beta) * (1 + z), beta * (1 + z)]),
]  # fmt: skip


class OnXY(NamedTuple):
    """Steps of h on the game xy: their radius, up to where they are stable, and the best of them.

    `critical`: 0 if none is, infinity if all are, None where it is not known; `best`: step and radius.
    """

    name: str
    rule: Callable[[float], st.Rule]
    radius: Callable[[float], float]
    critical: float | None
    best: tuple[float, float] | None = None
    field: Callable[[float], st.Field] = lambda h: st.Gradient()


def _optimistic(h: float) -> float:
    return np.abs(np.roots([1, -(1 + 2j * h), 1j * h])).max()


ROOT = math.sqrt
LIKE_EXTRAGRADIENT = (lambda h: ROOT(1 - h**2 + h**4), 1.0, (ROOT(1 / 2), ROOT(3) / 2))
GAMMA = 0.3  # of consensus and of symplectic steps, which are the same on xy
LIKE_CONSENSUS = (
    lambda h: ROOT((1 - GAMMA * h) ** 2 + h**2),
    2 * GAMMA / (1 + GAMMA**2),
    (GAMMA / (1 + GAMMA**2), 1 / ROOT(1 + GAMMA**2)),
)
ON_XY = [
    OnXY("simultaneous", st.Simultaneous, lambda h: ROOT(1 + h**2), 0.0),
    OnXY("alternating", st.Alternating, lambda h: 1.0, 0.0),  # up to h = 2
    OnXY("extragradient", st.Extragradient, *LIKE_EXTRAGRADIENT),
    OnXY("optimistic", st.Optimistic, _optimistic, 1 / ROOT(3), (1 / 2, 1 / ROOT(2))),
    OnXY("heun", st.Heun, lambda h: ROOT(1 + h**4 / 4), 0.0),
    OnXY("rk4", st.RK4, lambda h: abs(sum((1j * h) ** j / math.factorial(j) for j in range(5))),
         2 * ROOT(2), (ROOT(6), 1 / 2)),
    OnXY("proximal", st.Proximal, lambda h: 1 / ROOT(1 + h**2), INFINITY),
    OnXY("competitive", st.Competitive, lambda h: 1 / ROOT(1 + h**2), INFINITY),
    OnXY("linear-competitive", st.LinearCompetitive, *LIKE_EXTRAGRADIENT),
    OnXY("lookahead, 2", lambda h: st.Lookahead(h, 2, 0.5), lambda h: ROOT(1 + h**4 / 4), 0.0),
    OnXY("lookahead, 5", lambda h: st.Lookahead(h, 5, 0.5),
         lambda h: abs(1 + (1 + 1j * h) ** 5) / 2, None, (0.54368901, 0.6348845)),
    OnXY("consensus", st.Simultaneous, *LIKE_CONSENSUS, lambda h: st.Consensus(GAMMA)),
    OnXY("symplectic", st.Simultaneous, *LIKE_CONSENSUS, lambda h: st.Symplectic(GAMMA)),
    OnXY("lookahead-opponent", st.Simultaneous, *LIKE_EXTRAGRADIENT, st.LookaheadOpponent),
    OnXY("lola", st.Simultaneous, lambda h: ROOT((1 - 2 * h**2) ** 2 + h**2),
         ROOT(3) / 2, (ROOT(3 / 8), ROOT(7) / 4), st.LOLA),
]  # fmt: skip
# Those whose multipliers are functions of the eigenvalues alone.
ON_XY_BY_EIGENVALUES = [
    known
    for known in ON_XY
    if known.name in (SIMULTANEOUS, "extragradient", "optimistic", "heun", "rk4", "proximal")
    or known.name.startswith("lookahead, ")
]
# Alternating steps of h with a momentum of −½ on xy: h and the radius, as printed
NEGATIVE_MOMENTUM = [(0.1, 0.998518), (0.5, 0.962544), (1.0, 1.0), (1.5, 1.783607)]

# Rest points of the polynomial game to the digits printed: three differential Nash equilibria; the fourth is
# stable and a differential Stackelberg point but no Nash equilibrium.
POLYNOMIAL = [(-12.4766, -8.67793), (-11.4267, 8.0043), (12.395, -6.37283), (-1.31653, -1.22427)]
NO_NASH = dict(zip("xy", POLYNOMIAL[3], strict=True))

# The time scale of the second player from which on the torus game is stable, by its rest point.
TORUS_TIMESCALES = {ORIGIN: "17/23", ("pi", "pi"): "23/17"}

# Fixed points of the Hénon map (a = 1.4, b = 0.3) and their multipliers to the digits printed.
HENON = {0.6313545: (0.15595, -1.92374), -1.1313545: (3.25982, -0.09203)}
