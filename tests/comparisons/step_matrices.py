"""The oracle of the comparisons: every algorithm's linearised step, written down by hand in NumPy.

A game is known by its players' rows and their losses' Hessians at an equilibrium, all of shape (d, d); the
field there is z ↦ Jz, where player i's rows of J are those of −∇²Lᵢ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Matrix = np.ndarray


class Linearised:
    """Hessians of the losses at an equilibrium, and what follows from them."""

    def __init__(self, sizes: Sequence[int], hessians: Sequence[Matrix]):
        ends = np.cumsum(sizes)
        self.rows = [np.arange(e - n, e) for n, e in zip(sizes, ends, strict=True)]
        self.hessians = [np.asarray(h, dtype=float) for h in hessians]
        self.identity = np.eye(ends[-1])
        self.J = np.concatenate([-h[own] for h, own in zip(self.hessians, self.rows, strict=True)])

    def others(self, i: int) -> np.ndarray:
        return np.concatenate([own for j, own in enumerate(self.rows) if j != i])

    def only(self, rows: np.ndarray) -> Matrix:
        """The projector to some rows."""
        return np.diag(np.isin(np.arange(len(self.identity)), rows).astype(float))


def field(game: Linearised, name: str, minimizer: int = 0) -> Matrix:
    """The Jacobian of a field with its usual settings, by the name of its row."""
    J, rows = game.J, game.rows
    if name == "consensus":
        return J - 0.1 * J.T @ J
    if name == "symplectic":
        return J + (J - J.T) @ J / 2
    if name == "ridge":
        inner = 1 - minimizer
        x, y = rows[minimizer], rows[inner]
        result = J.copy()
        result[y] -= np.linalg.solve(J[np.ix_(y, y)], J[np.ix_(y, x)] @ J[x])
        return result
    result = J.copy()
    if name.startswith("stackelberg"):
        leader = int(name[-1])
        x, y, hessian = rows[leader], game.others(leader), game.hessians[leader]
        slope = -np.linalg.solve(J[np.ix_(y, y)], J[np.ix_(y, x)])
        result[x] = -(hessian[x] + slope.T @ hessian[y])
        return result
    for i, own in enumerate(rows):
        rest, hessian = game.others(i), game.hessians[i]
        if name == "lookahead-opponent":
            result[own] = (J @ (game.identity + 0.1 * game.only(rest) @ J))[own]
        else:  # lola: the loss is ½z·Hz + 0.1 Σⱼ (Hz)ⱼ·(Jz)ⱼ to first order
            product = hessian[rest].T @ J[rest]
            result[own] = -(hessian + 0.1 * (product + product.T))[own]
    return result


def alternating(game: Linearised, J: Matrix, h: float) -> Matrix:
    step = game.identity
    for own in game.rows:
        step = (game.identity + h * game.only(own) @ J) @ step
    return step


def heavy_ball(game: Linearised, J: Matrix, h: float, beta: float) -> Matrix:
    one = game.identity
    return np.block([[(1 + beta) * one + h * J, -beta * one], [one, 0 * one]])


def alternating_heavy_ball(game: Linearised, J: Matrix, h: float, beta: float) -> Matrix:
    step = np.eye(2 * len(J))
    for own in game.rows:
        here = game.only(own)
        momentum = np.hstack([h * here @ J, game.identity - here + beta * here])
        moved = np.hstack([game.identity + h * here @ J, beta * here])
        step = np.vstack([moved, momentum]) @ step
    return step


def nesterov(game: Linearised, J: Matrix, h: float, beta: float) -> Matrix:
    one, euler = game.identity, game.identity + h * J
    return np.block([[(1 + beta) * euler, -beta * euler], [one, 0 * one]])


def optimistic(game: Linearised, J: Matrix, h: float) -> Matrix:
    one = game.identity
    return np.block([[one + 2 * h * J, -h * J], [one, 0 * one]])


def lookahead(game: Linearised, J: Matrix, h: float) -> Matrix:
    return 0.5 * (game.identity + np.linalg.matrix_power(game.identity + h * J, 5))


def rk4(game: Linearised, J: Matrix, h: float) -> Matrix:
    k1 = J
    k2 = J @ (game.identity + h / 2 * k1)
    k3 = J @ (game.identity + h / 2 * k2)
    k4 = J @ (game.identity + h * k3)
    return game.identity + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def linear_competitive(game: Linearised, J: Matrix, h: float) -> Matrix:
    between = J - sum(game.only(own) @ J @ game.only(own) for own in game.rows)
    return game.identity + h * (J + h * between @ J)


def competitive(game: Linearised, J: Matrix, h: float) -> Matrix:
    """Two players: Δx = −h(I − h²f_xy g_yx)⁻¹(f_x − h f_xy g_y); more: by the equation they solve."""
    if len(game.rows) == 2:
        step = game.identity.copy()
        for x, y in (game.rows, game.rows[::-1]):
            f_xy, g_yx = -J[np.ix_(x, y)], -J[np.ix_(y, x)]
            f_x, g_y = -J[x], -J[y]
            step[x] -= h * np.linalg.solve(
                np.eye(len(x)) - h**2 * f_xy @ g_yx, f_x - h * f_xy @ g_y
            )
        return step
    between = J - sum(game.only(own) @ J @ game.only(own) for own in game.rows)
    return game.identity + np.linalg.solve(game.identity - h * between, h * J)


def unrolled(game: Linearised, J: Matrix, h: float) -> Matrix:
    """The first player's loss at z₅ = Sz, with the others' five steps in S."""
    own, rest = game.rows[0], game.others(0)
    five = np.linalg.matrix_power(game.identity + h * game.only(rest) @ J, 5)
    step = game.identity + h * J
    step[own] = game.identity[own] - h * (five.T @ game.hessians[0] @ five)[own]
    return step


def best_response(game: Linearised, J: Matrix, h: float) -> Matrix:
    step = game.identity
    for own in game.rows:
        reply = game.identity.copy()
        rest = np.setdiff1d(np.arange(len(J)), own)
        reply[own] = 0
        reply[np.ix_(own, rest)] = -np.linalg.solve(J[np.ix_(own, own)], J[np.ix_(own, rest)])
        step = reply @ step
    return step


Step = Callable[[Linearised, Matrix, float], Matrix]
RULES: dict[str, Step] = {
    "simultaneous": lambda game, J, h: game.identity + h * J,
    "alternating": alternating,
    "extragradient": lambda game, J, h: game.identity + h * J + h**2 * J @ J,
    "optimistic": optimistic,
    "heavy-ball:beta=0.5": lambda game, J, h: heavy_ball(game, J, h, 0.5),
    "heavy-ball:beta=-0.5": lambda game, J, h: heavy_ball(game, J, h, -0.5),
    "heavy-ball:beta=-0.5,order=alternating": lambda game, J, h: alternating_heavy_ball(
        game, J, h, -0.5
    ),
    "nesterov:beta=0.5": lambda game, J, h: nesterov(game, J, h, 0.5),
    "lookahead": lookahead,
    "heun": lambda game, J, h: game.identity + h * J + h**2 / 2 * J @ J,
    "rk4": rk4,
    "proximal": lambda game, J, h: np.linalg.inv(game.identity - h * J),
    "competitive": competitive,
    "linear-competitive": linear_competitive,
    "unrolled": unrolled,
    "best-response": best_response,
}


def step(
    game: Linearised, row: str, h: float, players: Sequence[str], minimizer: int = 0
) -> Matrix:
    """The linearised step of the algorithm with this name."""
    rule, _, on = row.partition(" on ")
    J = game.J
    if on:
        for i, player in enumerate(players):
            on = on.replace(f"leader={player}", f"leader={i}")
        J = field(game, on, minimizer)
    return RULES[rule](game, J, h)


def spectral_radius(matrix: Matrix) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())
