"""Fields whose zeros spread over decades, with what is known of them: what a search is measured on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Problem:
    """A field, X (n, d) ↦ v (n, d) and its Jacobians (n, d, d), and what is known of its zeros.

    - `zeros`: all of them, shape (m, d), where there is a closed form, else None.
    - `physical`: which points count, as concentrations that are not negative; all by default.
    - `signed`: whether coordinates of either sign are of interest.
    """

    name: str
    dimension: int
    evaluate: Evaluate
    zeros: np.ndarray | None = None
    physical: Callable[[np.ndarray], np.ndarray] = lambda x: np.ones(len(x), bool)
    signed: bool = False


def from_value(name: str, d: int, value, jacobian, zeros=None, signed: bool = False) -> Problem:
    def evaluate(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return value(x), jacobian(x)

    return Problem(name, d, evaluate, zeros, signed=signed)


def network(
    name: str, reactions: Sequence[tuple[str, str, float]], totals: dict[str, tuple[str, float]]
) -> Problem:
    """A mass-action network, the species in `totals` taken out by its conservation laws.

    `reactions`: "A + B", "C" and a rate each; `totals`: the species taken out ↦ the others with it, and the
    total, as {"E": ("ES + ES2", 1.0)}.
    """

    def species(text: str) -> list[str]:
        return [s for s in text.replace(" ", "").split("+") if s not in ("", "0")]

    names = list(dict.fromkeys(s for a, b, _ in reactions for s in species(a) + species(b)))
    kept = [s for s in names if s not in totals]
    index = {s: i for i, s in enumerate(names)}
    orders = np.zeros((len(reactions), len(names)))
    change = np.zeros((len(names), len(reactions)))
    for k, (a, b, _) in enumerate(reactions):
        for s in species(a):
            orders[k, index[s]] += 1
            change[index[s], k] -= 1
        for s in species(b):
            change[index[s], k] += 1
    rates = np.array([rate for *_, rate in reactions])
    # all species as an affine function of those that are kept
    lift, shift = np.zeros((len(names), len(kept))), np.zeros(len(names))
    for j, s in enumerate(kept):
        lift[index[s], j] = 1
    for s, (others, total) in totals.items():
        shift[index[s]] = total
        for other in species(others):
            lift[index[s], kept.index(other)] -= 1
    rows = [index[s] for s in kept]
    for s, (others, _) in totals.items():  # the laws hold
        law = change[index[s]] + sum(change[index[o]] for o in species(others))
        assert not law.any(), (name, s)

    def evaluate(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = y @ lift.T + shift
        powers = x[:, None, :] ** orders
        flux = rates * powers.prod(axis=2)
        slopes = np.zeros((len(x), len(rates), len(names)))
        for j in range(len(names)):
            others = np.delete(powers, j, axis=2).prod(axis=2)
            slopes[:, :, j] = (
                rates * orders[:, j] * x[:, None, j] ** np.maximum(orders[:, j] - 1, 0) * others
            )
        return flux @ change[rows].T, change[rows] @ slopes @ lift

    def physical(y: np.ndarray) -> np.ndarray:
        x = y @ lift.T + shift
        return (x >= -1e-9 * np.abs(x).max(axis=1, keepdims=True)).all(axis=1)

    return Problem(name, len(kept), evaluate, None, physical)


def schloegl(roots: Sequence[float]) -> Problem:
    """One substance whose three rest points are given: ẋ = −∏ (x − root)."""
    roots_ = np.array(roots)

    def value(x):
        return -np.prod(x[:, :, None] - roots_, axis=2)

    def jacobian(x):
        apart = x[:, :, None] - roots_
        others = [np.prod(np.delete(apart, k, axis=2), axis=2) for k in range(len(roots_))]
        return -np.sum(others, axis=0)[:, :, None]

    return from_value(f"Schlögl {roots[0]:g} … {roots[-1]:g}", 1, value, jacobian, roots_[:, None])


def edelstein() -> Problem:
    """A + X ⇌ 2X, X + E ⇌ C ⇌ E + B, with E + C conserved; three rest points (Edelstein 1970)."""
    return network(
        "Edelstein",
        [("X", "X + X", 8.5), ("X + X", "X", 1.0), ("X + E", "C", 1.0),
         ("C", "X + E", 0.2), ("C", "E", 1.0), ("E", "C", 0.2)],
        {"E": ("C", 20.0)},
    )  # fmt: skip


def toggle(scales: tuple[float, float], strength: float = 5.0, n: float = 3.0) -> Problem:
    """Two genes that repress each other, each in its own unit (Gardner and others 2000)."""
    a, b = scales

    def value(z):
        x, y = np.maximum(z[:, 0] / a, 0), np.maximum(z[:, 1] / b, 0)
        return np.stack(
            [a * strength / (1 + y**n) - z[:, 0], b * strength / (1 + x**n) - z[:, 1]], 1
        )

    def jacobian(z):
        x, y = np.maximum(z[:, 0] / a, 0), np.maximum(z[:, 1] / b, 0)
        j = np.zeros((len(z), 2, 2))
        j[:, 0, 0] = j[:, 1, 1] = -1
        j[:, 0, 1] = -a * strength * n * y ** (n - 1) / (1 + y**n) ** 2 / b
        j[:, 1, 0] = -b * strength * n * x ** (n - 1) / (1 + x**n) ** 2 / a
        return j

    return from_value(f"toggle switch {a:g}, {b:g}", 2, value, jacobian)


def lotka_volterra(d: int, seed: int, decades: float) -> Problem:
    """ẋᵢ = xᵢ (rᵢ − (A x)ᵢ) with an inner equilibrium over decades; a zero for every set of survivors."""
    generator = np.random.default_rng(seed)
    scale = 10.0 ** generator.uniform(-decades / 2, decades / 2, d)
    a = (np.eye(d) + 0.25 * generator.uniform(-1, 1, (d, d))) / scale
    r = a @ scale
    zeros = []
    for present in itertools.product([False, True], repeat=d):
        s, x = np.flatnonzero(present), np.zeros(d)
        x[s] = np.linalg.solve(a[np.ix_(s, s)], r[s])
        zeros.append(x)

    def value(x):
        return x * (r - x @ a.T)

    def jacobian(x):
        return -x[:, :, None] * a + (r - x @ a.T)[:, :, None] * np.eye(d)

    return from_value(
        f"Lotka–Volterra {d}, {decades:g} decades", d, value, jacobian, np.array(zeros)
    )


def chemostat() -> Problem:
    """A nutrient and two species that live on it (Monod), over three decades: three rest points."""
    feed, dilution, m, k = 10.0, 0.3, np.array([1.0, 0.6]), np.array([1.0, 0.2])
    yields = np.array([1e-2, 1e-3])

    def parts(x):
        s, b = x[:, :1], x[:, 1:]
        return s, b, m * s / (k + s), m * k / (k + s) ** 2

    def value(x):
        s, b, mu, _ = parts(x)
        eaten = (mu * b / yields).sum(1, keepdims=True)
        return np.concatenate([dilution * (feed - s) - eaten, (mu - dilution) * b], 1)

    def jacobian(x):
        _, b, mu, slope = parts(x)
        j = np.zeros((len(x), 3, 3))
        j[:, 0, 0] = -dilution - (slope * b / yields).sum(1)
        j[:, 0, 1:] = -mu / yields
        j[:, 1:, 0] = slope * b
        j[:, [1, 2], [1, 2]] = mu - dilution
        return j

    rest = k * dilution / (m - dilution)
    grown = yields * (feed - rest)
    zeros = np.array([[feed, 0, 0], [rest[0], grown[0], 0], [rest[1], 0, grown[1]]])
    return from_value("chemostat", 3, value, jacobian, zeros)


def planted(d: int, seed: int, decades: float) -> Problem:
    """v = A p(x), pᵢ cubic in xᵢ with roots of either sign over decades: 3^d zeros."""
    generator = np.random.default_rng(seed)
    roots = 10.0 ** generator.uniform(-decades / 2, decades / 2, (d, 3)) * generator.choice(
        [-1, 1], (d, 3)
    )
    mixing = np.eye(d) + 0.5 * generator.uniform(-1, 1, (d, d))
    size = np.prod(np.abs(roots), axis=1)

    def value(x):
        return (np.prod(x[:, :, None] - roots, axis=2) / size) @ mixing.T

    def jacobian(x):
        apart = x[:, :, None] - roots
        slopes = sum(np.prod(np.delete(apart, k, axis=2), axis=2) for k in range(3)) / size
        return mixing * slopes[:, None, :]

    zeros = np.array(list(itertools.product(*roots)))
    return from_value(
        f"planted cubics {d}, {decades:g} decades", d, value, jacobian, zeros, signed=True
    )


def dual_site(seed: int, decades: float = 3.0, total: float = 1e3) -> Problem:
    """A substrate with two sites, a kinase E and a phosphatase F (Markevich and others 2004): nine species,
    three totals; up to three rest points (Wang and Sontag 2008).
    """
    g = np.random.default_rng(seed)
    k = 10.0 ** g.uniform(-decades / 2, decades / 2, 12)
    k[[2, 8]] *= 10.0
    reactions = [
        ("A + E", "AE", k[0]), ("AE", "A + E", k[1]), ("AE", "B + E", k[3]),
        ("B + E", "BE", k[2]), ("BE", "B + E", k[4]), ("BE", "C + E", k[5]),
        ("C + F", "CF", k[6]), ("CF", "C + F", k[7]), ("CF", "B + F", k[9]),
        ("B + F", "BF", k[8]), ("BF", "B + F", k[10]), ("BF", "A + F", k[11]),
    ]  # fmt: skip
    totals = {
        "E": ("AE + BE", total / 20),
        "F": ("CF + BF", total / 25),
        "A": ("B + C + AE + BE + CF + BF", total),
    }
    return network(f"dual-site phosphorylation {seed}", reactions, totals)


def cascade() -> Problem:
    """Huang and Ferrell's cascade (1996), their rates and totals in µM: 22 species, 7 totals."""
    reactions: list[tuple[str, str, float]] = []

    def cycle(s: str, e: str, p: str) -> None:
        bound = f"{s}_{e}"
        reactions.append((f"{s} + {e}", bound, 1000.0))
        reactions.extend((bound, f"{end} + {e}", 150.0) for end in (s, p))

    cycle("M3", "E1", "M3p")
    cycle("M3p", "E2", "M3")
    for m, kinase, phosphatase in (("M2", "M3p", "P2"), ("M1", "M2pp", "P1")):
        cycle(m, kinase, f"{m}p")
        cycle(f"{m}p", kinase, f"{m}pp")
        cycle(f"{m}p", phosphatase, m)
        cycle(f"{m}pp", phosphatase, f"{m}p")
    totals = {
        "E1": ("M3_E1", 3e-5), "E2": ("M3p_E2", 3e-4), "P2": ("M2p_P2 + M2pp_P2", 3e-4),
        "P1": ("M1p_P1 + M1pp_P1", 0.12),
        "M3": ("M3p + M3_E1 + M3p_E2 + M2_M3p + M2p_M3p", 3e-3),
        "M2": ("M2p + M2pp + M2_M3p + M2p_M3p + M2p_P2 + M2pp_P2 + M1_M2pp + M1p_M2pp", 1.2),
        "M1": ("M1p + M1pp + M1_M2pp + M1p_M2pp + M1p_P1 + M1pp_P1", 1.2),
    }  # fmt: skip
    return network("Huang–Ferrell cascade", reactions, totals)


def problems() -> list[Problem]:
    return [
        schloegl([1e-2, 1.0, 1e3]), edelstein(), chemostat(),
        toggle((1.0, 1.0)), toggle((1e-3, 1e3)),
        *(dual_site(seed) for seed in (7, 17, 30, 40)),  # with three rest points each
        cascade(),
        lotka_volterra(6, 0, 0), lotka_volterra(6, 1, 4), lotka_volterra(10, 2, 2),
        planted(2, 0, 4), planted(3, 1, 4), planted(3, 2, 6),
    ]  # fmt: skip
