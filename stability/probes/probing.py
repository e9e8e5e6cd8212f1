"""Probing a large game: matrix-free spectra, game-theoretic conditions, and the rule used, point by point."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._version import __version__
from ..analysis.study import Study, as_study, one_algorithm
from ..analysis.subject import check_written, penalised, plain
from ..dynamics.linearisation import Linearisation
from ..dynamics.points import named_start
from ..dynamics.system import check_system, is_a
from ..equilibria.nearby import Stationarity, nearby_stationary_point, stationarity
from ..errors import InputError, InputTypeError, check_kind
from ..fields import Field, Gradient
from ..games.game import Game
from ..games.sets import tangent
from ..games.symbolic import SymbolicGame
from ..penalties import Penalty
from ..rules import Rule
from ..spectra.dense import Spectrum
from ..spectra.spectrum import DENSE, spectrum
from ..spectra.symmetric import SymmetricSpectrum, symmetric_spectrum
from ..verdicts.at_scale import ConditionsAtScale, conditions_at_scale
from .at_limits import free_game, strictly_held, told
from .judgement import flow_verdict
from .rest import rest_at
from .rotation import rotation
from .rules import probe_rule
from .value import Eigenvalues, Network, OwnHessian, ProbeReport, Rest

Progress = Callable[[str], None]
COUNT = 20  # rightmost and largest eigenvalues, where nobody says how many
ENDS = 3  # smallest eigenvalues of every own Hessian
NEWTON = 300  # products at most for the length of the Newton step
INNER = 4000  # products at most of the inner solves for a complement


class Prober:
    """What is compiled once for a game, a field and some rules, and then used at many points.

    **Arguments:**

    - `game`: a Game (or a SymbolicGame, whose numbers are taken), or a `study` of one. `penalties` are put on
      it first.
    - `fields`: the one field whose Jacobian is analysed; default: gradient (`field` is another spelling).
    - `rules`: the algorithms; the step of each is linearised on its whole state.
    - `k`: how many rightmost, and how many largest, eigenvalues; default: 20, or all d. Where more than d are
      asked for, a warning says so.
    - `tolerance`: of the eigenpairs, relative residuals; default by precision.
    - `max_products`: of one search for eigenvalues of J or of a rule's step. Near a rest point of a network
      the rightmost ones crowd at zero, and it takes thousands; what was not found is said.
    - `seed`: of all random vectors. `progress`: called with a sentence as each part begins.

    Raises InputError or InputTypeError for arguments that do not fit.
    """

    def __init__(
        self,
        game: Game | SymbolicGame | Study,
        *,
        fields: Sequence[Field] = (),
        field: Field | None = None,
        rules: Sequence[Rule] = (),
        penalties: Sequence[Penalty] = (),
        k: int | None = None,
        tolerance: float | None = None,
        max_products: int = 2000,
        seed: int = 0,
        progress: Progress | None = None,
    ):
        double = isinstance(game, Study) and game.symbolic is not None
        if isinstance(game, Study):
            rules = rules or game.options["rules"] or ()
            game = as_study(game, fields=fields, field=field, rules=[])
        own, field, _ = one_algorithm(game, fields, field, None)
        check_system(own)
        if not is_a(own, "game"):
            raise InputTypeError(
                f"probe takes a game, not {type(own).__name__}; of a flow or a map take "
                "st.spectrum(flow.linearise(x), k=20)"
            )
        if k is not None and (type(k) is not int or k < 1):
            raise InputError(f"k is how many eigenvalues are wanted, at least 1, not {k!r}")
        for rule in rules:
            check_kind(rule, Rule, "Alternating(lr=0.1)")
        own = penalised(own, penalties)
        self.double = own.symbolic or double
        with self.precision():
            self.game: Game = own.twin
            self.double = self.game.start.dtype == np.float64
        self.name = own.name
        self.field = Gradient() if field is None else field
        with self.precision():
            self.flow = self.field.flow(self.game)
            check_written(self.flow)
        for rule in rules:
            rule.check(self.flow)
        self.rules = tuple(rules)
        self.asked = k
        self.k = min(COUNT if k is None else k, self.game.dimension)
        self.tolerance = tolerance
        self.max_products = max_products
        self.seed = seed
        self.prefix = ""
        self._progress = progress

    def _say(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self.prefix + what)

    def precision(self) -> Any:
        """Double precision where the game is given in it; nothing else changes a global setting."""
        return jax.enable_x64(True) if self.double else nullcontext()

    def profile(self, at: Any) -> Any:
        """The profile of a point: a vector, a mapping from players to strategies or from names to numbers;
        None is the start.

        Raises InputError if it is not shaped like the game's start, is not finite, or is outside the players'
        sets.
        """
        with self.precision():
            if at is None:
                at = self.game.start
            if isinstance(at, Mapping) and not set(at) & set(self.game.players):
                at = named_start(at, self.game.variables)
            x = self.game.pack(at) if isinstance(at, Mapping) else jnp.asarray(at)
            if x.shape != (self.game.dimension,):
                raise InputError(
                    f"a point of this game is a vector of {self.game.dimension} numbers, or a mapping from "
                    f"players to strategies, not an array of shape {x.shape}"
                )
            x = x.astype(self.game.start.dtype)
        if not np.isfinite(np.asarray(x)).all():
            raise InputError(
                "the point holds numbers that are not finite; did the training diverge?"
            )
        if self.game.sets:
            inside = self.game.sets.taken(np.asarray(x), self.game.variables, "the point")
            with self.precision():
                x = jnp.asarray(inside, x.dtype)
        return x

    def at(
        self,
        at: Any = None,
        *,
        state: Sequence[Any] | None = None,
        move: bool = False,
        source: str = "",
        step: int | None = None,
    ) -> ProbeReport:
        """Everything at one point.

        - `at`: a vector, a mapping from players to strategies, or None for the game's start.
        - `state`: the state of the (only) rule there, a tuple of vectors, the profile first; default: the
          state that starts at the point.
        - `move`: first move to the stationary point nearby, if one is reached.
        - `source`, `step`: where the point is from, for the report.
        """
        if state is not None and len(self.rules) != 1:
            raise InputError("a state belongs to one rule; give exactly one rule with it")
        if state is not None and move:
            raise InputError("a state cannot be moved with the point; leave one of them out")
        source = source or ("the start" if at is None else "")
        x = self.profile(at)
        with self.precision():
            face = None
            if self.game.sets and state is None and not move and isinstance(self.field, Gradient):
                face = strictly_held(self.game, x)
            if face is None:
                return self._at(x, state, move, source, step)
            said = told(face, np.asarray(self.game.field(x), float))
            free = self.of(free_game(self.game, x, face))
            report = free._at(jnp.asarray(free.game.start), None, False, source, step)
        return replace(report, warnings=(said, *report.warnings))

    def of(self, game: Game) -> Prober:
        """The same of another game."""
        return Prober(
            game,
            field=self.field,
            rules=self.rules,
            k=self.asked,
            tolerance=self.tolerance,
            max_products=self.max_products,
            seed=self.seed,
            progress=self._progress,
        )

    def _at(self, x: Any, state: Any, move: bool, source: str, step: int | None) -> ProbeReport:
        began = time.perf_counter()
        for player, loss in zip(self.game.players, self.game.losses(x), strict=True):
            if not np.isfinite(loss):
                raise InputError(
                    f"the loss of player {player!r} is not a finite number at the point"
                )
        warnings: list[str] = []
        if self.asked is not None and self.asked > self.k:
            warnings.append(
                f"{self.asked} eigenvalues were asked for, and a game of {self.k} numbers has {self.k}: "
                "these are all of them"
            )
        warnings += self._limits(x)
        x, moved, source = self._moved(x, source, warnings) if move else (x, None, source)
        self.game.check_derivatives(x)
        check_written(self.flow, x)
        losses, jacobian, at_rest, rest = self._linearised(x, moved)
        self._say(f"finding the {self.k} rightmost eigenvalues")
        rightmost = self._spectrum(jacobian, "rightmost")
        self._say(f"finding the {self.k} largest eigenvalues")
        largest = self._spectrum(jacobian, "largest")
        self._say("finding the numerical abscissa")
        abscissa = self._symmetric(jacobian.symmetric, "largest")
        turning = rotation(jacobian, largest.values, self.seed)
        self._say("checking Nash, minmax and Stackelberg conditions")
        conditions = conditions_at_scale(
            self.game, x, k=ENDS, max_inner_products=INNER, seed=self.seed, at=at_rest
        )
        hessians = self._own_hessians(conditions, losses, at_rest.jacobian_norm)
        complements = {
            name: _symmetric(own.spectrum, "smallest")
            for name, own in {"minmax": conditions.complement, **conditions.total}.items()
            if own is not None and own.spectrum is not None
        }
        computed = np.concatenate([rightmost.values, largest.values])
        rules = []
        for rule in self.rules:
            self._say(f"finding the multipliers of {rule.name}")
            rules.append(
                probe_rule(
                    rule, self.flow, x, state, rest, jacobian, computed, self._spectrum, self.seed
                )
            )
        parts = [rightmost, largest, abscissa, *complements.values()]
        parts += [end for own in hessians.values() for end in (own.smallest, own.largest)]
        parts += [rule.multipliers for rule in rules if rule.multipliers is not None]
        players = dict(zip(self.game.players, self.game.partition.sizes, strict=True))
        return ProbeReport(
            network=Network(
                self.name,
                players,
                str(jacobian.dtype),
                conditions.zero_sum,
                conditions.zero_sum_up_to_own_terms,
            ),
            point=source or "a point given",
            step=step,
            rest=rest,
            field=self.field.name,
            field_settings=plain(self.field.settings),
            rightmost=rightmost,
            largest=largest,
            numerical_abscissa=abscissa,
            rotation=turning,
            stability=flow_verdict(rightmost, largest, rest, _upper(abscissa)),
            own_hessians=hessians,
            complements=complements,
            conditions=conditions,
            second_order=conditions.second_order,
            rules=tuple(rules),
            products=sum(part.products for part in parts),
            seconds=time.perf_counter() - began,
            seed=self.seed,
            version=__version__,
            warnings=tuple(warnings),
        )

    def _limits(self, x: Any) -> list[str]:
        """What is not seen of the players' sets at x."""
        if not self.game.sets:
            return []
        face = tangent(self.game.sets, np.asarray(x))
        touched = int(face.held.sum()) + len(face.spheres)
        if face.whole:
            return []
        return [
            f"the players live in sets, and the point touches {touched} of their limits: the steps of rules "
            "are projected, but the spectrum, the conditions and the distance from rest are those of the "
            "field in all directions"
        ]

    def _moved(self, x: Any, source: str, warnings: list[str]) -> tuple[Any, float | None, str]:
        """The stationary point nearby, its distance and what it is; else x and a warning."""
        self._say("moving to the stationary point nearby")
        found = nearby_stationary_point(self.flow, x)
        if found.outcome == "reached":
            return found.point, found.distance, f"the rest point near {source}"
        warnings.append(
            "the point was left where it was, for no stationary point was reached from it: "
            f"{found.because}"
        )
        return x, None, source

    def rest(self, x: Any) -> Rest:
        """How far a profile is from rest."""
        return self._linearised(x, None)[-1]

    def _linearised(
        self, x: Any, moved: float | None
    ) -> tuple[Linearisation, Linearisation, Stationarity, Rest]:
        """The losses and the field at x, linearised; how far the losses, and both, are from rest."""
        self._say("measuring the distance from rest")
        losses = self.game.linearise(x)
        at_rest = stationarity(self.game, x, max_products=NEWTON)
        jacobian, own = losses, at_rest
        if not isinstance(self.field, Gradient):
            jacobian = self.flow.linearise(x)
            own = stationarity(self.flow, x, max_products=NEWTON)
        return losses, jacobian, at_rest, rest_at(self.game, x, own, at_rest.gradient_norms, moved)

    def _own_hessians(
        self, conditions: ConditionsAtScale, losses: Linearisation, scale: float
    ) -> dict[str, OwnHessian]:
        hessians = {}
        for i, player in enumerate(self.game.players):
            self._say(f"finding the largest eigenvalue of {player}'s own Hessian")
            smallest = _symmetric(conditions.own[player], "smallest")
            largest = self._symmetric(losses.hessian(i), "largest", scale)
            hessians[player] = OwnHessian(smallest, largest)
        return hessians

    def _spectrum(self, operator: Any, which: str) -> Eigenvalues:
        found = spectrum(
            operator,
            k=min(self.k, operator.shape[0]),
            which=which,
            tolerance=self.tolerance,
            seed=self.seed,
            max_products=self.max_products,
        )
        return _values(which, found, found.condition, operator.shape[0] <= DENSE)

    def _symmetric(self, operator: Any, which: Any, scale: float = 0.0) -> Eigenvalues:
        found = symmetric_spectrum(operator, 1, which, seed=self.seed, scale=scale)
        return _symmetric(found, which)


def _upper(abscissa: Eigenvalues) -> float | None:
    """The numerical abscissa with its error, if it was found."""
    if not (abscissa.converged and len(abscissa.values)):
        return None
    return float(abscissa.values[-1] + abscissa.errors[-1])


def _symmetric(found: SymmetricSpectrum, which: str) -> Eigenvalues:
    return _values(which, found, None, found.complete)


def _values(
    which: str, found: Spectrum | SymmetricSpectrum, condition: Any, complete: bool
) -> Eigenvalues:
    return Eigenvalues(
        which,
        found.eigenvalues,
        found.residuals,
        found.errors,
        condition,
        found.converged,
        complete,
        found.products,
        found.remarks,
    )


def probe(
    game: Game | SymbolicGame | Study,
    at: Any = None,
    *,
    state: Sequence[Any] | None = None,
    move: bool = False,
    source: str = "",
    step: int | None = None,
    **options: Any,
) -> ProbeReport:
    """The matrix-free analysis of a large game at one point: trained networks, say.

    The leading and the rightmost eigenvalues of the field's Jacobian, the ends of the players' own Hessians,
    Nash, minmax and Stackelberg conditions, how much of the field turns, and for each rule the multipliers of
    its step, all with residuals; above 1,000 numbers no matrix is formed. At a point that is no equilibrium
    nothing is called stable.

    - `game`: of either engine, or a `study` of one; of a SymbolicGame the numbers are taken.
    - `at`: a vector of shape (d,), a mapping from players to strategies, or None for the game's start.
    - `state`: the state of the (only) rule there, a tuple of vectors, the profile first; default: the state
      that starts at the point.
    - `move`: whether to go to the stationary point nearby first, if one is reached.
    - `source`, `step`: where the point comes from, and its count of steps, for the report.
    - `options`: `fields` (or `field`), the one whose Jacobian is analysed (default: the gradient); `rules`,
      whose steps are linearised on their whole state; `penalties`, put on the game first; `k`, how many
      rightmost and how many largest eigenvalues (default: 20, or all d); `tolerance` of their relative
      residuals (default by precision); `max_products` of one search for eigenvalues (default: 2000); `seed`
      of all random vectors; `progress`, called with a sentence as each part begins.

    Raises InputError or InputTypeError for arguments that do not fit the game.
    """
    return Prober(game, **options).at(at, state=state, move=move, source=source, step=step)
