"""`stability.noise`: a rule's steps on minibatches, near an equilibrium."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..dynamics.flow import Flow
from ..dynamics.many_digits import with_many_digits
from ..dynamics.starts import given_start, real_starts
from ..equilibria.equilibrium import Equilibrium
from ..equilibria.find import describe_point
from ..errors import InputError, InputTypeError, check_kind
from ..fields import Field, Gradient
from ..games.game import Game
from ..games.sets import has_limits_at
from ..rules import OnFace, Rule
from ..verdicts.verdict import Verdict
from .analysis import ENUMERATED, Analysis, Draws
from .minibatches import Minibatches, SampleFields, count_samples, sample_fields
from .moments import Jitter
from .value import Noise

COPIED = 1e-5  # relative; how far a point may be from the rest point that it stands for
NEWTON_STEPS = 8
NEARLY_SINGULAR = 1e-8  # relative


def noise(
    game: Game,
    x: Any,
    rule: Rule,
    *,
    batch: int,
    replacement: bool = True,
    fresh: bool = True,
    field: Field | None = None,
    draws: int = ENUMERATED,
    seed: int = 0,
) -> Noise:
    """Whether a rule stays near the equilibrium x when every step sees a random minibatch, and how near.

    Near x a step on a minibatch B is δ⁺ = M_B δ + g_B, with M_B and g_B made of the minibatch's own Jacobian
    J_B and field v_B. The second moments E[δδᵀ] stay bounded if and only if the spectral radius of
    P ↦ E[M_B P M_Bᵀ] is below one; then they tend to the solution of P = E[M_B P M_Bᵀ] + E[g_B g_Bᵀ]. That is
    to first order: it describes the game itself where the iterate stays so near x that J_B hardly changes.

    **Arguments:**

    - `game`: a `Game` with data whose losses are means over the data's leading axis. Sample s is row s of
      every array of the data: in a GAN a sample, a latent and what penalties drew stay together.
    - `x`: the equilibrium, shape (d,), or a mapping by variable.
    - `rule`: any but those that need more of a sample than its field and Jacobian (unrolled). Those of optax
      are taken as elsewhere, with second moments and counts held.
    - `batch`: how many samples are in a minibatch; drawn anew every time, with `replacement` or not.
    - `fresh`: every evaluation of the field draws its own minibatch, as every player's steps do in
      Algorithm 1 of Goodfellow et al. (2014); if not, one minibatch serves for all evaluations of one step.
      For rules that evaluate the field once it is the same; those that solve equations use one minibatch.
    - `field`: the field to step along, default `Gradient()`.
    - `draws`, `seed`: with one minibatch for several evaluations the expectation is taken over all
      minibatches if they are at most 4096, else over `draws` random ones; the verdict then allows three
      standard errors.

    With fresh minibatches second moments are exact, whatever the rule. Covariances are dense: a state of up
    to 1200 numbers. At interpolation, where every sample's field vanishes at x, the noise is multiplicative
    only and the covariance is zero.

    At limits of the players' sets nothing is computed.

    What a rule does not allow to say is a value, with the reason in `stability`. Raises InputError for a game
    without data, for a field that is not a mean over the samples (an objective like MMD, a penalty or
    field that is quadratic in the field), and for more samples and variables than fit.
    """
    if not isinstance(game, Game):
        raise InputTypeError(
            f"noise takes a game with data, made by st.Game or st.gan, not {game!r}"
        )
    check_kind(rule, Rule, "Simultaneous(lr=0.1)")
    if field is not None:
        check_kind(field, Field, "TwoTimescale(tau=2)")
    how = Draws(batch, replacement, fresh, draws, seed)
    flow = (field or Gradient()).flow(game)
    rule.with_each_lr(float).check(flow)
    place = _place(flow, x)
    fields = sample_fields(flow, place.point) if place.differentiable else None
    return noise_of(flow, place, rule, fields, how)


def _place(flow: Flow, x: Any) -> Equilibrium:
    """The point x described, or the rest point that it is but for the digits that float32 leaves out."""
    given = given_start(flow, x)
    (point,) = real_starts(given, flow.dimension, f"the game {flow.name!r}")
    near = point
    for _ in range(NEWTON_STEPS):
        value, jacobian = (own[0] for own in flow.evaluate(near[None]))
        if not (np.isfinite(value).all() and np.isfinite(jacobian).all()):
            break
        trial = near + np.linalg.lstsq(jacobian, -value, rcond=NEARLY_SINGULAR)[0]
        if not np.abs(flow.evaluate(trial[None])[0]).max() < np.abs(value).max():
            break
        near = trial
    if np.abs(near - point).max() <= COPIED * (1 + np.abs(point).max()):
        point = near
    return describe_point(
        flow.evaluate,
        point,
        np.stack([point - 1, point + 1], axis=1),
        None,
        None,
        with_many_digits(flow.function, flow.dimension),
    )


def noise_of(
    flow: Flow, place: Equilibrium, rule: Rule, fields: SampleFields | None, how: Draws
) -> Noise:
    """The same at a described point, with the samples' fields there if the field has a derivative."""
    minibatches = Minibatches(how.batch, count_samples(flow.game), how.replacement)
    jitter = None if fields is None else Jitter(fields, minibatches.factor)
    empty = Noise(
        rule=rule.name,
        settings=rule.settings,
        variables=flow.variables,
        batch=how.batch,
        samples=minibatches.samples,
        replacement=how.replacement,
        fresh=how.fresh,
        field_covariance=None if jitter is None else jitter.covariance,
        stability=Verdict("undecided", None, None, "numeric", ""),
    )
    reason = _no_numbers(flow, place)
    if not reason and jitter is not None:
        try:
            near = rule.with_each_lr(float).near(flow, place.point)
            near.linearise(jitter.fields.jacobian, flow.partition)
            reason = _unknown(near)
            if not reason:
                # BLAS's spinning threads gain little on these matrices and lose much on a busy machine
                with threadpool_limits(1, "blas"):
                    return Analysis(flow, place, near, jitter, minibatches, how).into(empty)
        except InputError as error:  # no rest, no derivative, a singular system, or too large
            reason = str(error).rstrip(".")
    undecided = Verdict("undecided", None, None, "numeric", reason)
    return replace(
        empty,
        stability=undecided,
        because="no stationary covariance is computed",
    )


def _no_numbers(flow: Flow, place: Equilibrium) -> str:
    """Why nothing is said of noise at this point; empty if something is."""
    if has_limits_at(getattr(flow, "sets", None), place.point):
        return (
            "the point is at limits of the players' sets (or in a simplex), where the noise of a step is "
            "one-sided; second moments are computed only where no limit is touched"
        )
    if not place.differentiable:
        return "the field has no derivative here"
    if not place.stationary:
        return (
            f"the point is not stationary (the {flow.field.name} field there has size "
            f"{place.residual:.6g}), and only around a rest point do the moments settle"
        )
    return ""


def _unknown(rule: Rule) -> str:
    """Why steps on minibatches do not follow from the samples' fields and Jacobians; empty if they do."""
    if isinstance(rule, OnFace):
        return "at limits of the players' sets the noise of a step is one-sided"
    if rule.transforms_the_field or not rule.sees_more_than_the_jacobian:
        return ""
    *_, name = (one.name for one in rule.inside if one.sees_more_than_the_jacobian)
    return f"the step of {name} needs more of a sample than its field and Jacobian"
