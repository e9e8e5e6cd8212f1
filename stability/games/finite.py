"""GANs in function space on finitely many points: a table for a discriminator, probabilities to generate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import sympy
from sympy import Expr, Symbol

from ..dynamics.positive_settings import check_whole
from ..errors import InputError, InputTypeError
from .expectations import Points
from .game import Game
from .gan.objective import Objective, objective_of
from .symbolic import SymbolicGame

GENERATORS = ("softmax", "simplex")
DISCRIMINATORS = ("logits", "probabilities")
MOST_POINTS = 100
MOST_GROUPS = 6  # of equal probabilities: a polynomial of degree 12

P, Q = sympy.symbols("p q", positive=True)
LAMBDA = Symbol("lambda")
_T = Symbol("t", real=True)


def finite_gan(
    data: int | Sequence[Any] = 3,
    objective: str | Objective = "minimax",
    *,
    generator: str = "softmax",
    discriminator: str = "logits",
) -> SymbolicGame:
    """The GAN on k points (Goodfellow et al. 2014, §4: "nonparametric", directly in the space of
    distributions).

    The discriminator gives every point i its own logit t_i, the generator its own probability q_i. With the
    objective's functions of a logit, the discriminator minimises Σ p_i real(t_i) + Σ q_i fake(t_i), and the
    generator Σ q_i gen(t_i), or minus the discriminator's loss if the game is zero-sum.

    **Arguments:**

    - `data`: the probabilities p_i > 0, exact numbers or symbols that sum to one; or k, for 1/k each.
    - `objective`: a name in `OBJECTIVES`, or an `Objective`, whose losses are means over logits.
    - `generator`: `"softmax"` of k logits g1, …, gk; their common constant does nothing, so every
      equilibrium is one of a line. `"simplex"`: q1, …, q(k−1) are free and the last is one minus their sum.
      Their box holds the data and keeps the last one positive.
    - `discriminator`: `"logits"` t1, …, tk, or `"probabilities"` D1, …, Dk in (0, 1) with t = log(D/(1 −
      D)). In probabilities and on the simplex the minimax value is concave in D and linear in q: a
      convex–concave game, which a softmax hides.

    The equilibrium is q = p with one logit `t*` everywhere, `real′(t*) + fake′(t*) = 0`: D = ½ for `minimax`
    and `non-saturating`. See `finite_gan_spectrum` for the eigenvalues there, and `best_discriminator` for
    what is left to the generator once the discriminator is at its best.

    Raises InputError for fewer than two points, more than a hundred, or probabilities that are not
    positive or do not sum to one, and for MMD.
    """
    weights = _weights(data)
    _check_one_of(GENERATORS, generator, "generator")
    _check_one_of(DISCRIMINATORS, discriminator, "discriminator")
    objective = objective_of(objective)
    real, fake, of_generator = objective.symbolic()
    taken = {s.name for w in weights for s in w.free_symbols}
    disc, judged = _discriminator(discriminator, len(weights), taken)
    gen, made = _generator(generator, weights, taken)
    loss = _mean(weights, judged(real)) + _mean(made, judged(fake))
    opposed = -loss if of_generator is None else _mean(made, judged(of_generator))
    vectorised = None
    if discriminator == "logits" and not taken:
        vectorised = _in_jax(np.array(weights, dtype=float), objective, generator)
    return FiniteGAN(
        {"disc": (disc.variables, loss), "gen": (gen.variables, opposed)},
        box=disc.box | gen.box,
        start=disc.start | gen.start,
        name=f"finite GAN, {objective.name}, {len(weights)} points, {generator}",
        minimizer="gen",
        vectorised=vectorised,
    )


class _Strategy(NamedTuple):
    """A player's variables, where equilibria are searched, and where paths start."""

    variables: list[Symbol]
    box: dict[Symbol, tuple[float, float]]
    start: dict[Symbol, float]


def _discriminator(
    kind: str, k: int, taken: set[str]
) -> tuple[_Strategy, Callable[[Any], list[Expr]]]:
    """The table of the discriminator, and a function of the logit ↦ its values at the k points."""
    if kind == "logits":
        own = _symbols("t", k, taken)
        strategy = _Strategy(own, dict.fromkeys(own, (-3, 3)), dict.fromkeys(own, 0.0))
        return strategy, lambda function: [function(t) for t in own]
    own = _symbols("D", k, taken)
    strategy = _Strategy(own, dict.fromkeys(own, (0.01, 0.99)), dict.fromkeys(own, 0.5))
    return strategy, lambda function: [_of_probability(function, D) for D in own]


def _generator(kind: str, weights: Sequence[Expr], taken: set[str]) -> tuple[_Strategy, list[Expr]]:
    """The generator's variables, and the probabilities that it gives to the points."""
    k = len(weights)
    if kind == "softmax":
        moves = _symbols("g", k, taken)
        total = sympy.Add(*map(sympy.exp, moves))
        start = {g: float(i == 0) for i, g in enumerate(moves)}
        strategy = _Strategy(moves, dict.fromkeys(moves, (-3, 3)), start)
        return strategy, [sympy.exp(g) / total for g in moves]
    moves = _symbols("q", k - 1, taken)
    start = {q: (1 + float(i == 0)) / (k + 1) for i, q in enumerate(moves)}
    strategy = _Strategy(moves, _inside_simplex(moves, weights), start)
    return strategy, [*moves, 1 - sympy.Add(*moves)]


def _check_one_of(known: Sequence[str], given: str, what: str) -> None:
    if given not in known:
        raise InputError(f"the {what} is {' or '.join(map(repr, known))}, not {given!r}")


class FiniteGAN(SymbolicGame):
    """A symbolic game whose twin in JAX is written with arrays; made by `finite_gan`."""

    def __init__(
        self,
        players: Mapping[str, tuple[Sequence[Symbol], Any]],
        *,
        vectorised: Mapping[str, Callable[[Any, Any], Any]] | None = None,
        **options: Any,
    ):
        super().__init__(players, **options)
        self._vectorised = vectorised

    def numeric(self, parameters: Mapping[Any, Any] | None = None) -> Game:
        """The same game in JAX; with one array per player, to compile fast, if the data are numbers."""
        if self._vectorised is None or parameters:
            return super().numeric(parameters)
        start = np.zeros(self.dimension) if self.start is None else self.start
        return Game(
            self._vectorised,
            start={p: start[s] for p, s in zip(self.players, self.partition.slices, strict=True)},
            name=self.name,
            variables=[v.name for v in self.variables],
            box=self.box,
            minimizer=self.minimizer,
            check=False,
        )


def _in_jax(
    weights: np.ndarray, objective: Objective, generator: str
) -> dict[str, Callable[[Any, Any], Any]]:
    real, fake, of_generator = objective.symbolic()

    def made(moves: Any) -> Any:
        if generator == "softmax":
            return jax.nn.softmax(moves)
        return jnp.append(moves, 1 - moves.sum())

    def disc(logits: Any, moves: Any) -> Any:
        return jnp.asarray(weights, logits.dtype) @ real(logits) + made(moves) @ fake(logits)

    def gen(logits: Any, moves: Any) -> Any:
        if of_generator is None:
            return -disc(logits, moves)
        return made(moves) @ of_generator(logits)

    return {"disc": disc, "gen": gen}


def best_discriminator(objective: str | Objective) -> tuple[Expr, Expr]:
    """The best logit at a point of data probability p and generated probability q, and what it is worth
    there.

    `objective` is a name or an `Objective`. Both are expressions in the symbols `stability.games.finite.P`
    and `Q`. The sum of the second over the points, max over D of −(discriminator's loss), is what the
    generator of a zero-sum game is left to minimise:

    | objective | best logit | Σ of the second |
    |---|---|---|
    | minimax, non-saturating | log(p/q) | 2 JS − log 4 (Goodfellow et al. 2014, theorem 1) |
    | f-GANs | g⁻¹(f′(p/q)) | D_f(p‖q) (Nowozin, Cseke, Tomioka 2016) |
    | least-squares | p/(p + q) | −½ Σ pq/(p + q) = (Σ (p − q)²/(p + q) − 2)/8 |

    Raises InputError where no finite logit is best: for `wasserstein`, whose table is not Lipschitz and
    wins without bound, and `hinge`, whose best logits lie at kinks, ±1, and are worth 2 min(p, q) less
    than nothing.
    """
    objective = objective_of(objective)
    real, fake, _ = objective.symbolic()
    loss = P * real(_T) + Q * fake(_T)
    try:
        found = sympy.solve(loss.diff(_T).rewrite(sympy.exp), _T)
    except NotImplementedError:
        found = []
    if len(found) != 1:
        raise InputError(
            f"no single finite logit is the best one for the objective {objective.name}"
        )
    worth = sympy.simplify(-loss.rewrite(sympy.exp).subs(_T, found[0]))
    return found[0], sympy.expand_log(worth, force=True)


@dataclass(frozen=True)
class FiniteSpectrum:
    """The eigenvalues of the gradient flow of a `finite_gan` where q = p.

    - `eigenvalues`: those in closed form, with their multiplicities.
    - `rest`: a polynomial in `stability.games.finite.LAMBDA` whose roots are the others, or None.
    """

    eigenvalues: dict[Expr, int]
    rest: Expr | None

    @property
    def dimension(self) -> int:
        """How many eigenvalues there are."""
        degree = 0 if self.rest is None else int(sympy.degree(self.rest, LAMBDA))
        return sum(self.eigenvalues.values()) + degree


def finite_gan_spectrum(
    data: int | Sequence[Any],
    objective: str | Objective = "minimax",
    *,
    generator: str = "softmax",
) -> FiniteSpectrum:
    """The eigenvalues of a `finite_gan` (with discriminator logits) at its equilibrium, exactly.

    `data`, `objective` and `generator` are as in `finite_gan`.

    With a = real″ + fake″, b = fake′ and c = −gen′ (c = b in a zero-sum game), all at the logit t*, P the
    diagonal matrix of the p_i and S = P − ppᵀ the derivative of a softmax,

        J = [[−aP, −bS], [cS, 0]],  det(λ²I + aλP + bcS²) = 0.

    (On the simplex E = (I, −1)ᵀ takes the place of S: λ²I + aλP + bcEEᵀ.) So if a, b, c > 0 every
    equilibrium is stable across its line, whatever p. A closed form for each single eigenvalue exists on
    vectors that add up to zero over points of the same probability p, because P and S act there as
    numbers: for a group of m such points, m − 1 times the roots of

        λ² + apλ + bcp² = 0,  λ = p(−a ± √(a² − 4bc))/2   (on the simplex λ² + apλ + bc = 0).

    For uniform data that is all but 0 and −a/k: for `minimax` λ = (−1 ± i√3)/(4k), k − 1 times each. Else P
    and S² do not commute, the pencil does not decouple, and `rest` is the polynomial that is left, of
    degree twice the number of groups less one. To first order in ε, one rare point of probability ε among
    m equally likely others adds the pair λ = ε(−a ± √(a² − 4bc(1 + 1/m)))/2: modes are learnt at rates in
    proportion to their probability.

    Raises InputError for objectives with no single logit t* at which the discriminator's loss has two
    derivatives, and for more than six different probabilities.
    """
    weights = _weights(data)
    _check_one_of(GENERATORS, generator, "generator")
    a, b, c = _slopes(objective_of(objective))
    last = weights[-1]
    groups = Counter(weights)
    if generator == "simplex":  # whose last point has no coordinate of its own
        groups[last] -= 1
    pairs = [(p, m) for p, m in groups.items() if m]
    if len(pairs) > MOST_GROUPS:
        raise InputError(
            f"a closed form takes at most {MOST_GROUPS} different probabilities, not {len(pairs)}; "
            "take the eigenvalues of the game's Jacobian"
        )
    found: Counter[Expr] = Counter()
    for p, m in pairs:
        square = p**2 if generator == "softmax" else 1
        for sign in (1, -1):
            root = (-a * p + sign * sympy.sqrt(a**2 * p**2 - 4 * b * c * square)) / 2
            found[sympy.simplify(root)] += m - 1
    coupled = _softmax(pairs, a, b, c) if generator == "softmax" else _simplex(pairs, last, a, b, c)
    rest = sympy.Integer(1)
    for factor, power in sympy.factor_list(coupled.charpoly(LAMBDA).as_expr(), LAMBDA)[1]:
        if sympy.degree(factor, LAMBDA) > 2:
            rest *= factor**power
            continue
        for root, count in sympy.roots(factor, LAMBDA).items():
            found[sympy.simplify(root)] += count * power
    known = {root: count for root, count in found.items() if count}
    return FiniteSpectrum(known, None if rest == 1 else sympy.Poly(rest, LAMBDA).as_expr())


def _weights(data: int | Sequence[Any]) -> tuple[Expr, ...]:
    if isinstance(data, (str, bytes)):
        raise InputTypeError(
            f"the data are probabilities, or how many points there are, not {data!r}"
        )
    given: Any = data
    k = len(given) if hasattr(given, "__len__") else given
    check_whole(k, "the number of points", 2, MOST_POINTS)
    if k is given:
        return (sympy.Rational(1, int(k)),) * int(k)
    weights = Points(list(range(k)), list(given)).weights
    for weight in weights:
        if weight.is_zero:
            raise InputError("a point of the data has probability zero; leave it out")
    return weights


def _symbols(letter: str, k: int, taken: set[str]) -> list[Symbol]:
    names = [f"{letter}{i + 1}" for i in range(k)]
    for name in names:
        if name in taken:
            raise InputError(
                f"{name} is a variable of this game; call the data's symbol something else"
            )
    return [Symbol(name, real=True) for name in names]


def _inside_simplex(
    moves: Sequence[Symbol], weights: Sequence[Expr]
) -> dict[Symbol, tuple[float, float]]:
    """A box around the data in which the last probability, one minus the others, is positive too."""
    k = len(weights)
    if any(weight.free_symbols for weight in weights):
        return dict.fromkeys(moves, (0.001, 0.999 / (k - 1)))
    share = 0.99 * float(weights[-1]) / (k - 1)
    return {q: (float(p) / 100, float(p) + share) for q, p in zip(moves, weights, strict=False)}


def _of_probability(function: Any, D: Symbol) -> Expr:
    """A function of the logit t = log(D/(1 − D)), as one of D."""
    yes, no = sympy.symbols("yes no", positive=True)  # D and 1 − D, which add up to one
    value = function(_T).rewrite(sympy.exp).subs(_T, sympy.log(yes / no))
    value = value.replace(sympy.log, lambda argument: sympy.log(sympy.together(argument)))
    value = sympy.expand_log(value, force=True).subs(yes + no, 1)
    return value.subs({yes: D, no: 1 - D})


def _mean(weights: Sequence[Expr], values: Sequence[Expr]) -> Expr:
    return sympy.Add(*(w * value for w, value in zip(weights, values, strict=True)))


def _slopes(objective: Objective) -> tuple[Expr, Expr, Expr]:
    """a = real″ + fake″, b = fake′ and c = −gen′ at the discriminator's logit where q = p."""
    real, fake, generator = objective.symbolic()
    loss, on_fake = real(_T) + fake(_T), fake(_T)
    loss, on_fake = (e.rewrite(sympy.exp) for e in (loss, on_fake))
    try:
        rests = [r for r in sympy.solve(loss.diff(_T), _T) if r.is_real]
    except NotImplementedError:
        rests = []
    if len(rests) != 1:
        raise InputError(f"the objective {objective.name} has no single logit where q = p")
    at = {_T: rests[0]}
    b = sympy.simplify(on_fake.diff(_T).subs(at))
    c = (
        b
        if generator is None
        else -sympy.simplify(generator(_T).rewrite(sympy.exp).diff(_T).subs(at))
    )
    return sympy.simplify(loss.diff(_T, 2).subs(at)), b, c


def _softmax(pairs: Sequence[tuple[Expr, int]], a: Expr, b: Expr, c: Expr) -> sympy.Matrix:
    """J on vectors that are constant on each group."""
    n = len(pairs)
    diagonal = sympy.diag(*(p for p, _ in pairs))
    S = diagonal - sympy.Matrix(n, n, lambda i, j: pairs[i][0] * pairs[j][0] * pairs[j][1])
    return sympy.Matrix(sympy.BlockMatrix([[-a * diagonal, -b * S], [c * S, sympy.zeros(n, n)]]))


def _simplex(
    pairs: Sequence[tuple[Expr, int]], last: Expr, a: Expr, b: Expr, c: Expr
) -> sympy.Matrix:
    """J on vectors that are constant on each group, the last point of all on its own."""
    n = len(pairs)
    diagonal = sympy.diag(*(p for p, _ in pairs), last)
    down = sympy.Matrix.vstack(sympy.eye(n), -sympy.Matrix([[m for _, m in pairs]]))
    up = sympy.Matrix.hstack(sympy.eye(n), -sympy.ones(n, 1))
    return sympy.Matrix(
        sympy.BlockMatrix([[-a * diagonal, -b * down], [c * up, sympy.zeros(n, n)]])
    )
