"""A generator and a discriminator given by expressions, as a symbolic game."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import sympy
from sympy import Expr, Symbol

from ...dynamics.positive_settings import check_whole
from ...dynamics.symbols import by_name, expression
from ...errors import InputError, InputTypeError
from ..expectations import MAX_NODES, MAX_TERMS, Distribution, Normal, Points, Uniform, expectation
from ..symbolic import SymbolicGame
from .game import PLAYERS
from .objective import Objective, objective_of


@dataclass(frozen=True)
class Variate:
    """A random vector: symbols for its coordinates, and their distribution."""

    symbols: tuple[Symbol, ...]
    distribution: Distribution

    @staticmethod
    def of(name: str, distribution: Distribution) -> Variate:
        """A random vector with new symbols, which are equal to no others whatever their name."""
        symbols = (sympy.Dummy(name, real=True) for _ in range(distribution.dimension))
        return Variate(tuple(symbols), distribution)

    @property
    def vector(self) -> sympy.Matrix:
        """The symbols, shape (k, 1)."""
        return sympy.Matrix(self.symbols)

    def xreplace(self, mapping: Mapping[Symbol, Expr]) -> Variate:
        """The same with some parameters of the distribution exchanged."""
        return replace(self, distribution=self.distribution.xreplace(mapping))


@dataclass(frozen=True)
class _Model:
    """The networks, and the random vectors that their expressions hold.

    `noise` is the instance noise on the data and that on the generated samples, if there is any, each with
    the standard deviation `sigma`.
    """

    logit: Expr
    made: sympy.ImmutableMatrix
    data: Variate
    latent: Variate | None
    nodes: int
    noise: tuple[Variate, Variate] | None = None
    sigma: Expr = sympy.S.Zero

    @property
    def variates(self) -> tuple[Variate, ...]:
        return (*(self.noise or ()), *(() if self.latent is None else (self.latent,)), self.data)

    def xreplace(self, mapping: Mapping[Symbol, Expr]) -> _Model:
        return replace(
            self,
            logit=self.logit.xreplace(mapping),
            made=self.made.xreplace(mapping),
            data=self.data.xreplace(mapping),
            latent=self.latent and self.latent.xreplace(mapping),
            noise=self.noise and tuple(variate.xreplace(mapping) for variate in self.noise),
            sigma=self.sigma.xreplace(mapping),
        )


class SymbolicGAN(SymbolicGame):
    """A generative adversarial network in SymPy; the players are `disc` and `gen`, in this order.

    **Arguments:**

    - `discriminator`: (its parameters, the logit D(x)), symbols and an expression in them and in x.
    - `generator`: (its parameters, the sample G(z)), symbols and an expression, or a sequence of them where
      samples have several coordinates.
    - `data`: (x, distribution), the symbol or symbols of a sample and a `Points`, `Uniform` or `Normal`.
    - `latent`: (z, distribution) likewise; None for a generator without latents.
    - `objective`: a name or an `Objective`, as in `gan`; one whose losses are means over logits.
    - `nodes`: of the quadrature for expectations that have no closed form, 1 to 64. Up to five nodes are
      algebraic numbers; with more the expressions hold decimals of 30 digits.
    - `parameters`, `box`, `start`, `name`, `sets`: as in `SymbolicGame`.

    The losses are expectations over the distributions, as in the theory of GANs, and no sample means as in
    `gan`. They are exact for distributions on points and for polynomials in x and z, and taken by Gauss
    quadrature otherwise; `expectations` says which, and a report then warns. The penalties R1, R2, WGAN-GP,
    DRAGAN and instance noise apply as they do to a game made by `gan`, with expectations in the place of what
    they draw there.

    Raises InputError or InputTypeError for networks, symbols and distributions that do not fit together, for
    the objective `mmd`, and for what `SymbolicGame` raises them for.
    """

    def __init__(
        self,
        discriminator: tuple[Any, Any],
        generator: tuple[Any, Any],
        *,
        data: tuple[Any, Distribution],
        latent: tuple[Any, Distribution] | None = None,
        objective: str | Objective = "non-saturating",
        nodes: int = 4,
        parameters: Mapping[Any, Any] | None = None,
        box: Mapping[Any, Any] | None = None,
        start: Mapping[Any, Any] | None = None,
        name: str = "GAN",
        sets: Mapping[str, Any] | None = None,
    ):
        check_whole(nodes, "the number of nodes", 1, MAX_NODES)
        disc, logit = _pair(discriminator, "the discriminator", "([symbols], logit)")
        gen, sample = _pair(generator, "the generator", "([symbols], sample)")
        variables = [*disc, *gen]
        real, into_data = _variate(data, "data", variables)
        noise, into_latent = (None, {}) if latent is None else _variate(latent, "latent", variables)
        made = list(sample) if isinstance(sample, (Sequence, sympy.MatrixBase)) else [sample]
        if len(made) != len(real.symbols):
            raise InputError(
                f"the generator makes samples of {len(made)} coordinates, and those of the data have "
                f"{len(real.symbols)}"
            )

        def bound(
            e: Any, own: Mapping[str, Symbol], other: Mapping[str, Symbol], what: str
        ) -> Expr:
            e = by_name(expression(e, what), variables)
            foreign = sorted({s.name for s in e.free_symbols} & (other.keys() - own.keys()))
            if foreign:
                argument = "latent=" if other is into_latent else "data="
                raise InputError(f"{what} cannot hold {foreign[0]}, which {argument} names")
            return e.xreplace({s: own[s.name] for s in e.free_symbols if s.name in own})

        self._model = _Model(
            bound(logit, into_data, into_latent, "the logit of the discriminator"),
            sympy.ImmutableMatrix(
                [bound(e, into_latent, into_data, "the generator's sample") for e in made]
            ),
            real,
            noise,
            nodes,
        )
        self.objective = objective_of(objective)
        self._rules: set[str] = set()
        self._base = self._expected_losses()
        super().__init__(
            {PLAYERS[0]: (disc, self._base[0]), PLAYERS[1]: (gen, self._base[1])},
            parameters=parameters,
            box=box,
            start=start,
            name=name,
            minimizer=PLAYERS[1],
            sets=sets,
        )

    def _expected_losses(self) -> tuple[Expr, Expr]:
        real, fake, generator = self.objective.symbolic()
        on_real = self._logit(self.real_samples)
        on_generated = self._logit(self._model.made + self._noise(1))
        loss = self.mean(sympy.sympify(real(on_real)))
        loss += self.mean(sympy.sympify(fake(on_generated)))
        if generator is None:
            return loss, -loss
        return loss, self.mean(sympy.sympify(generator(on_generated)))

    @property
    def data(self) -> Distribution:
        """The distribution of the data, without instance noise."""
        return self._model.data.distribution

    @property
    def exact_expectations(self) -> bool:
        """Whether all expectations in the losses are exact."""
        return not self._rules

    @property
    def expectations(self) -> str:
        """How the expectations in the losses were taken."""
        if self.exact_expectations:
            return "exact expectations"
        return f"expectations by {' and '.join(sorted(self._rules))}"

    # ---- what penalties ask for: random vectors, and expectations over them ------------------------

    def unpack(self, x: sympy.MatrixBase) -> tuple[sympy.MatrixBase, sympy.MatrixBase]:
        """The parameters of the discriminator and of the generator: the parts of a profile `x`, (d, 1)."""
        return self.partition.part(0, x), self.partition.part(1, x)

    @property
    def real_samples(self) -> sympy.MatrixBase:
        """A sample of the data, with the instance noise if there is any: a random vector, shape (k, 1)."""
        return self._model.data.vector + self._noise(0)

    def generated_samples(self, gen: sympy.MatrixBase) -> sympy.MatrixBase:
        """A generated sample, with the instance noise if there is any: a random vector, shape (k, 1)."""
        return self._with_parameters(1, self._model.made, gen) + self._noise(1)

    def squared_slope(self, disc: sympy.MatrixBase, sample: sympy.MatrixBase) -> Expr:
        """‖∇D‖² at `sample`, a random vector of shape (k, 1)."""
        model = self._model
        square = sympy.Add(*(model.logit.diff(s) ** 2 for s in model.data.symbols))
        square = self._with_parameters(0, square, disc)
        return square.xreplace(dict(zip(model.data.symbols, sample, strict=True)))

    def mean(self, e: Expr, *further: Variate) -> Expr:
        """The expectation of an expression `e` over the game's random vectors and `further` ones."""
        most_terms = MAX_TERMS
        for variate in (*further, *self._model.variates):
            taken = expectation(
                e, variate.symbols, variate.distribution, self._model.nodes, most_terms
            )
            e = taken.value
            most_terms //= taken.terms
            if taken.quadrature:
                self._rules.add(taken.quadrature)
        return e

    def with_noise(self, sigma: Expr) -> Self:
        """The same game with noise N(0, `sigma`²) in every coordinate of the data and of generated samples.

        Penalties that were applied before do not see it.
        """
        if self._model.noise:  # the sum of independent normal variables is normal
            sigma = sympy.sqrt(self._model.sigma**2 + sigma**2)
        k = len(self._model.data.symbols)
        noise = Normal([0] * k, [sigma] * k)
        pair = Variate.of("noise", noise), Variate.of("noise", noise)
        noisy = self._rebuilt(
            replace(self._model, noise=pair, sigma=sigma), self._base, self._losses
        )
        base = noisy._expected_losses()
        losses = tuple(
            loss + (new - old)
            for loss, new, old in zip(self._losses, base, self._base, strict=True)
        )
        return noisy._rebuilt(noisy._model, base, losses)

    def with_terms(self, terms: Mapping[str, Callable[[Any, Any], Any]]) -> Self:
        """As `SymbolicGame.with_terms`; the terms are called with this GAN."""
        real = self.real
        gan = real._rebuilt(real._model, real._base, real._losses)  # terms add to its rules
        plain = SymbolicGame(self._owned(self._losses, {}), **self._description({}))
        calls = {p: lambda _, x, term=term: term(gan, x) for p, term in terms.items()}
        game = self._rebuilt(self._model, self._base, plain.with_terms(calls)._losses)
        game._rules |= gan._rules
        return game

    def renamed(self, mapping: Mapping[Symbol, Symbol]) -> Self:
        """The same game with some symbols exchanged: `mapping` is old ↦ new."""
        base, losses = (
            tuple(loss.xreplace(mapping) for loss in group) for group in (self._base, self._losses)
        )
        return self._rebuilt(self._model.xreplace(mapping), base, losses, mapping)

    def _rebuilt(
        self,
        model: _Model,
        base: tuple[Expr, ...],
        losses: tuple[Expr, ...],
        mapping: Mapping[Symbol, Symbol] | None = None,
    ) -> Self:
        """A GAN of another model; `base` are its losses without what penalties added."""
        mapping = mapping or {}
        game = object.__new__(type(self))
        game._model, game._base = model, base
        game.objective, game._rules = self.objective, set(self._rules)
        description = self._description(mapping)
        SymbolicGame.__init__(
            game, self._owned(losses, mapping), minimizer=self.minimizer, **description
        )
        return game

    def _owned(
        self, losses: tuple[Expr, ...], mapping: Mapping[Symbol, Symbol]
    ) -> dict[str, tuple[list[Symbol], Expr]]:
        return {
            player: ([mapping.get(v, v) for v in self.variables[s]], loss)
            for player, s, loss in zip(PLAYERS, self.partition.slices, losses, strict=True)
        }

    def _noise(self, of: int) -> sympy.MatrixBase:
        if self._model.noise is None:
            return sympy.zeros(len(self._model.data.symbols), 1)
        return self._model.noise[of].vector

    def _logit(self, sample: sympy.MatrixBase) -> Expr:
        symbols = self._model.data.symbols
        return self._model.logit.xreplace(dict(zip(symbols, sample, strict=True)))

    def _with_parameters(self, of: int, e: Any, part: sympy.MatrixBase) -> Any:
        own = self.variables[self.partition.slices[of]]
        return e.xreplace(dict(zip(own, part, strict=True)))


def _pair(network: Any, what: str, form: str) -> tuple[list[Any], Any]:
    try:
        owned, value = network
        owned = [owned] if isinstance(owned, Symbol) else list(owned)
    except (TypeError, ValueError):
        raise InputTypeError(f"{what} is given as {form}, not {network!r}") from None
    return owned, value


def _variate(
    given: Any, what: str, variables: Sequence[Symbol]
) -> tuple[Variate, dict[str, Symbol]]:
    """A random vector from (symbols, distribution), and its symbols by the names the user gave them."""
    symbols, distribution = _pair(given, f"{what}=", "(symbols, distribution)")
    if not isinstance(distribution, (Points, Uniform, Normal)):
        raise InputTypeError(
            f"the distribution in {what}= is Points, Uniform or Normal, not {distribution!r}"
        )
    if not all(isinstance(s, Symbol) for s in symbols):
        raise InputTypeError(f"{what}= names SymPy symbols, not {symbols!r}")
    names = [s.name for s in symbols]
    if len(set(names)) != distribution.dimension or len(set(names)) != len(names):
        raise InputError(
            f"{what}= takes as many different symbols as its distribution has dimensions, "
            f"{distribution.dimension}, not {', '.join(names) or 'none'}"
        )
    clash = sorted(set(names) & {str(v) for v in variables})
    if clash:
        raise InputError(f"{clash[0]} is a parameter of a player and cannot be in {what}= too")
    new = [sympy.Dummy(name, real=True) for name in names]
    return Variate(tuple(new), distribution), dict(zip(names, new, strict=True))
