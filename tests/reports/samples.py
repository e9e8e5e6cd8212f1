"""Reports made by hand, one for each shape that a report can have, and what is looked up in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from stability.analysis.value import (
    ComponentInfo,
    Decomposition,
    EquilibriumAnalysis,
    FlowAnalysis,
    MapAnalysis,
    RuleAnalysis,
    SearchInfo,
    SystemInfo,
)
from stability.reports import Report
from stability.verdicts.conditions import Conditions
from stability.verdicts.verdict import Evidence, Verdict

EXACT = "exact elimination, checked by multi-start Levenberg–Marquardt, Newton polishing, deflation"
SEARCH = "multi-start Levenberg–Marquardt, Newton polishing, deflation"
LEAVES = "The flow (gradient) is exponentially stable here, but"
NOT_DIFFERENTIABLE = Verdict(
    "undecided", None, None, "numeric", "the field is not differentiable here"
)
INCOMPLETE = (
    "the equilibria come from a multi-start search, which proves nothing about completeness",
)


def stable(value: float, evidence: Evidence = "exact") -> Verdict:
    text = f"every eigenvalue has a negative real part (largest {value:.6g})"
    return Verdict("exponentially stable", value, abs(value), evidence, text)


def stable_step(value: float, evidence: Evidence = "exact") -> Verdict:
    text = f"every multiplier has modulus below one (largest {value:.9g})"
    return Verdict("exponentially stable", value, 1 - value, evidence, text)


def unstable(value: float) -> Verdict:
    text = f"1 eigenvalue has a positive real part (largest {value:.6g})"
    return Verdict("unstable", value, value, "numeric", text)


def unstable_step(value: float, count: int = 2) -> Verdict:
    noun = "multiplier has" if count == 1 else "multipliers have"
    text = f"{count} {noun} modulus above one (largest {value:.9g})"
    return Verdict("unstable", value, value - 1, "exact", text)


def undecided(value: float, text: str) -> Verdict:
    return Verdict("undecided", value, 0.0, "exact", text)


def on_circle(real: float) -> list[complex]:
    return [complex(real, math.sqrt(1 - real**2)), complex(real, -math.sqrt(1 - real**2))]


def singular(player: str) -> tuple[Verdict, Verdict]:
    text = f"the own Hessian of {player} is singular"
    local = (
        f"the own Hessian of {player} has a zero eigenvalue and none negative; "
        "higher derivatives would decide"
    )
    return Verdict("no", 0.0, 0.0, "exact", text), Verdict("undecided", 0.0, 0.0, "exact", local)


def follower_singular(first: str, second: str) -> dict[str, Verdict]:
    return {
        f"leader {leader}": Verdict(
            "no", 0.0, 0.0, "exact",
            f"the own Hessian of the follower {follower} is not positive definite "
            "(smallest eigenvalue 0)",
        )
        for leader, follower in ((first, second), (second, first))
    }  # fmt: skip


def rule(
    name: str,
    lr: object,
    multipliers: Sequence[complex],
    kind: str,
    stability: Verdict,
    critical: object,
    critical_exact: str | None,
    best: object,
    best_radius: float | None,
    field: tuple[str, dict] = ("gradient", {}),
    **more: object,
) -> RuleAnalysis:
    radius = max(map(abs, multipliers))
    convergent = stability.verdict == "exponentially stable"
    return RuleAnalysis(
        name, {"lr": lr, **more}, *field, np.array(multipliers, dtype=complex), radius, 2.2e-16,
        kind, stability, critical, critical_exact, best, best_radius,
        math.log(10) / -math.log(radius) if convergent else None, stable_lr(critical),
    )  # fmt: skip


def stable_lr(critical):
    """The set of stable steps of a rule with this critical step; factors if it has one for each player."""
    if isinstance(critical, Mapping):
        return ((0.0, 1.5),) if any(critical.values()) else ()
    return ((0.0, critical),) if critical != 0 else ()


def dirac_gan() -> Report:
    """The Dirac-GAN without a penalty: neither the flow nor alternating steps are decided."""
    pair = undecided(
        0.0,
        "the imaginary pair ±0.5i lies on the axis, where the linearisation is silent; "
        "the first Lyapunov coefficient or a conserved quantity would decide",
    )
    circle = undecided(
        1.0,
        "a pair of multipliers exp(±0.0500052i) lies on the unit circle, where the linearisation "
        "is silent; the Neimark–Sacker normal form or a conserved quantity would decide",
    )
    radius = math.sqrt(1.0025)
    flow = FlowAnalysis(
        "gradient", {}, np.array([0.5j, -0.5j]), ("I/2", "-I/2"), 0.0, 1e-16, "centre", pair
    )
    rules = (
        rule("simultaneous", 0.1, [1 + 0.05j, 1 - 0.05j], "unstable focus",
             unstable_step(radius), 0.0, "0", None, None),
        rule("alternating", 0.1, on_circle(0.99875), "centre",
             circle, 0.0, "0", None, None, steps=1, order=None),
    )  # fmt: skip
    minmax = Verdict(
        "no", 0.0, 0.0, "exact",
        "min over theta, max over psi: psi's own Hessian is not positive definite "
        "(smallest eigenvalue 0)",
    )  # fmt: skip
    conditions = Conditions(*singular("theta"), minmax, follower_singular("theta", "psi"))
    e = EquilibriumAnalysis(
        {"theta": 0.0, "psi": 0.0}, {"theta": "0", "psi": "0"}, 0.0, True, True, "yes", 0,
        conditions, Decomposition(0.0, 0.7071067811865476, 1.0), (flow,), rules, (), (),
    )  # fmt: skip
    system = SystemInfo(
        "game", "dirac-gan", ("theta", "psi"), ("theta", "psi"), {}, True, "general"
    )
    box = {"theta": (-2.0, 2.0), "psi": (-2.0, 2.0)}
    return Report("0.1.0", system, SearchInfo(EXACT, 64, 0, box, True), (e,))


def dirac_gan_r1() -> Report:
    """The Dirac-GAN with R1 and three rules: closed forms with a parameter."""
    pair = [-0.15 + 0.47696960070847283j, -0.15 - 0.47696960070847283j]
    flow = FlowAnalysis(
        "gradient", {}, np.array(pair),
        ("-gamma/2 + sqrt(gamma**2 - 1)/2", "-gamma/2 - sqrt(gamma**2 - 1)/2"),
        -0.15, 1.1e-16, "stable focus", stable(-0.15),
    )  # fmt: skip
    focus = "stable focus"
    first = [0.97 + 0.09539392014169456j, 0.97 - 0.09539392014169456j]
    second = [0.965 + 0.0934j, 0.965 - 0.0934j]
    third = [0.99 + 0.31j, 0.99 - 0.31j]
    rules = (
        rule("simultaneous", 0.2, first, focus, stable_step(abs(first[0])), 1.2, "4*gamma",
             0.6, 0.9539392014169456),
        rule("alternating", 0.2, second, focus, stable_step(abs(second[0])),
             2.5612496949731396, "-2*gamma + 2*sqrt(gamma**2 + 4)/gamma", 0.7, 0.81,
             steps={"": 1, "psi": 2}, order=["psi", "theta"]),
        rule("optimistic", 1.5, third, "unstable focus", unstable_step(abs(third[0])),
             1.1, None, 0.9, 0.7),
    )  # fmt: skip
    nash = Verdict("no", 0.0, 0.0, "exact", "the own Hessian of theta is singular")
    local = singular("theta")[1]
    positive = Verdict(
        "yes", 0.3, 0.3, "exact",
        "min over theta, max over psi: the inner own Hessian and the Schur complement are positive "
        "definite (smallest eigenvalue 0.3)",
    )  # fmt: skip
    conditions = Conditions(nash, local, positive, follower_singular("theta", "psi"))
    e = EquilibriumAnalysis(
        {"theta": 0.0, "psi": 0.0}, {"theta": "0", "psi": "0"}, 0.0, True, True, "yes", 0,
        conditions, Decomposition(0.3, 0.7071067811865476, 0.847457627118644), (flow,), rules, (),
        (f"{LEAVES} optimistic steps of this size leave.",),
    )  # fmt: skip
    system = SystemInfo(
        "game",
        "dirac-gan with r1",
        ("theta", "psi"),
        ("theta", "psi"),
        {"gamma": 0.3},
        True,
        "general",
    )
    box = {"theta": (-2.0, 2.0), "psi": (-2.0, 2.0)}
    return Report("0.1.0", system, SearchInfo(EXACT, 64, 0, box, True), (e,))


def xy() -> Report:
    """The bilinear game: a neutral flow, and step sizes given for each player."""
    neutral = Verdict(
        "neutral", 0.0, 0.0, "exact",
        "the field is linear and its eigenvalues on the imaginary axis are semisimple: "
        "orbits neither grow nor decay",
    )  # fmt: skip
    circle = Verdict(
        "neutral", 1.0, 0.0, "exact",
        "the field is linear and its multipliers on the unit circle are semisimple: "
        "orbits neither grow nor decay",
    )  # fmt: skip
    flow = FlowAnalysis(
        "gradient", {}, np.array([1j, -1j]), ("I", "-I"), 0.0, 0.0, "centre", neutral
    )
    size = math.sqrt(1.02)
    rules = (
        rule("simultaneous", {"x": 0.1, "y": 0.2}, [1 + 0.02**0.5 * 1j, 1 - 0.02**0.5 * 1j],
             "unstable focus", unstable_step(size), {"x": 0.0, "y": 0.0}, "0", None, None),
        rule("alternating", 0.1, on_circle(0.995), "centre", circle,
             0.0, "0", None, None, steps=1, order=None),
        rule("extragradient", {"": 0.1, "y": 0.2}, [0.98 + 0.14j, 0.98 - 0.14j], "stable focus",
             stable_step(abs(0.98 + 0.14j)), {"": 0.7071067811865476, "y": 1.4142135623730951},
             "5*sqrt(2)", {"": 0.5, "y": 1.0}, 0.8660254037844386),
    )  # fmt: skip
    nash = singular("x")
    minmax = Verdict(
        "no", 0.0, 0.0, "exact",
        "min over x, max over y: y's own Hessian is not positive definite (smallest eigenvalue 0)",
    )  # fmt: skip
    e = EquilibriumAnalysis(
        {"x": 0.0, "y": 0.0}, {"x": "0", "y": "0"}, 0.0, True, True, "yes", 0,
        Conditions(*nash, minmax, follower_singular("x", "y")),
        Decomposition(0.0, 1.4142135623730951, 1.0), (flow,), rules, (),
    )  # fmt: skip
    system = SystemInfo("game", "xy", ("x", "y"), ("x", "y"), {}, True, "Hamiltonian")
    box = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    return Report("0.1.0", system, SearchInfo(EXACT, 64, 0, box, True), (e,))


def nine() -> Report:
    """x and y each descend their own double well; too large a step on one of two fields."""
    found = []
    for x in (-1.0, 0.0, 1.0):
        for y in (-1.0, 0.0, 1.0):
            slopes = sorted((1 - 3 * x**2, 1 - 3 * y**2), reverse=True)
            flows, rules = [], []
            growing = sum(s > 0 for s in slopes)
            for name, settings, tau, lr in (
                ("gradient", {}, 1.0, 0.05),
                ("two-timescale", {"tau": 2.0}, 2.0, 0.6),
            ):
                own = sorted((1 - 3 * x**2, tau * (1 - 3 * y**2)), reverse=True)
                kind = "stable node" if not growing else "unstable node" if growing == 2 else (
                    "saddle with 1 unstable direction"
                )  # fmt: skip
                flows.append(FlowAnalysis(
                    name, settings, np.array(own), tuple(f"{s:g}" for s in own), own[0], 0.0, kind,
                    unstable(own[0]) if growing else stable(own[0]),
                ))  # fmt: skip
                steps = [1 + lr * s for s in own]
                radius = max(map(abs, steps))
                outside = sum(abs(s) > 1 for s in steps)
                rules.append(rule(
                    "simultaneous", lr, steps, kind,
                    unstable_step(radius, outside) if outside else stable_step(radius),
                    0.0 if growing else 2 / abs(own[-1]), None,
                    None if growing else 0.5, None if growing else 0.5, field=(name, settings),
                ))  # fmt: skip
            hessian = -slopes[0]
            nash = Verdict(
                "no" if growing else "yes", hessian, abs(hessian), "exact",
                "player x can do better nearby" if growing else
                "every player's own Hessian is positive definite (smallest eigenvalue 2, x's)",
            )  # fmt: skip
            no_minmax = Verdict(
                "undecided", None, None, "exact",
                "strict local minmax points are defined for two-player zero-sum games",
            )  # fmt: skip
            leader = {f"leader {p}": nash for p in ("x", "y")}
            found.append(EquilibriumAnalysis(
                {"x": x, "y": y}, {"x": f"{x:g}", "y": f"{y:g}"}, 0.0, True, True, "yes", 0,
                Conditions(nash, nash, no_minmax, leader), Decomposition(2.8284271247, 0.0, 0.0),
                tuple(flows), tuple(rules), (),
            ))  # fmt: skip
    system = SystemInfo("game", "two double wells", ("x", "y"), ("x", "y"), {}, False, "potential")
    box = {"x": (-2.0, 2.0), "y": (-2.0, 3.0)}
    return Report("0.1.0", system, SearchInfo(EXACT, 64, 0, box, True), tuple(found))


def tandem() -> Report:
    """A line of equilibria; stability is judged across it."""
    across = Verdict(
        "exponentially stable", -4.0, 4.0, "numeric",
        "every eigenvalue across the curve of equilibria has a negative real part (largest -4)",
    )  # fmt: skip
    flow = FlowAnalysis(
        "gradient", {}, np.array([0.0, -4.0]), ("0", "-4"), 0.0, 4e-16,
        "attracting curve of equilibria", across,
    )  # fmt: skip
    step = Verdict(
        "exponentially stable", 0.6, 0.4, "numeric",
        "every multiplier across the curve of equilibria has modulus below one (largest 0.6)",
    )  # fmt: skip
    simultaneous = RuleAnalysis(
        "simultaneous", {"lr": 0.1}, "gradient", {}, np.array([1.0, 0.6]), 1.0, 1e-16,
        "attracting curve of equilibria", step, 0.5, "1/2", 0.25, 0.0,
        math.log(10) / -math.log(0.6), ((0.0, 0.5),),
    )  # fmt: skip
    nash = Verdict(
        "yes", 2.0, 2.0, "numeric",
        "every player's own Hessian is positive definite (smallest eigenvalue 2, x's)",
    )  # fmt: skip
    minmax = Verdict(
        "undecided", None, None, "exact",
        "strict local minmax points are defined for two-player zero-sum games",
    )  # fmt: skip
    leads = {
        f"leader {p}": Verdict(
            "no", 2.0, 2.0, "numeric",
            f"the leader {p} can do better by moving the follower: "
            "its total gradient is 2, not zero",
        )
        for p in ("x", "y")
    }  # fmt: skip
    e = EquilibriumAnalysis(
        {"x": 0.5, "y": 0.5}, {"x": "1/2", "y": "1/2"}, 0.0, True, True, "no", 1,
        Conditions(nash, nash, minmax, leads), Decomposition(4.0, 0.0, 0.0), (flow,),
        (simultaneous,), (),
        ("One point of a line of equilibria; stability is judged across it.",),
        component=ComponentInfo(
            1, {"x": "1 - y", "y": "y"}, None, ("y",), "everywhere", "nowhere", True
        ),
    )  # fmt: skip
    system = SystemInfo("game", "tandem", ("x", "y"), ("x", "y"), {}, False, "potential")
    box = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    return Report("0.1.0", system, SearchInfo(SEARCH, 64, 0, box, False), (e,), INCOMPLETE)


def henon() -> Report:
    """A map with two unstable fixed points."""
    points = (
        (-1.1313544770895048, (3.2598, -0.0920), "-7/28 - sqrt(609)/28"),
        (0.6313544770895048, (-1.9237, 0.1559), "-7/28 + sqrt(609)/28"),
    )
    found = []
    for x, multipliers, exact in points:
        radius = max(map(abs, multipliers))
        verdict = unstable_step(radius, 1)
        found.append(EquilibriumAnalysis(
            {"x": x, "y": 0.3 * x}, {"x": exact, "y": f"3*({exact})/10"}, 2.2e-16, True, True,
            "yes", 0, None, None, (), (),
            (MapAnalysis(np.array(sorted(multipliers, reverse=True)), None, radius, 3e-16,
                         "saddle with 1 unstable direction", verdict),),
        ))  # fmt: skip
    system = SystemInfo("map", "Hénon", (), ("x", "y"), {"a": 1.4, "b": 0.3}, None, None)
    box = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    return Report("0.1.0", system, SearchInfo(EXACT, 64, 0, box, True), tuple(found))


def lorenz() -> Report:
    """A flow with three equilibria and no closed forms."""
    side = math.sqrt(8 / 3 * 27)
    found = []
    for x, z, values in (
        (-side, 27.0, [0.0939556 + 10.1945j, 0.0939556 - 10.1945j, -13.854578]),
        (0.0, 0.0, [11.827723, -2.6666667, -22.827723]),
        (side, 27.0, [0.0939556 + 10.1945j, 0.0939556 - 10.1945j, -13.854578]),
    ):
        top = values[0].real
        kind = (
            "saddle with 1 unstable direction"
            if x == 0
            else "saddle-focus with 2 unstable directions"
        )
        found.append(EquilibriumAnalysis(
            {"x": x, "y": x, "z": z}, None, 3.6e-15, True, True, "yes", 0, None, None,
            (FlowAnalysis("given", {}, np.array(values, dtype=complex), None, top, 4e-14, kind,
                          unstable(top)),),
            (), (),
        ))  # fmt: skip
    parameters = {"sigma": 10.0, "rho": 28.0, "beta": 2.6666666666666665}
    system = SystemInfo("flow", "Lorenz", (), ("x", "y", "z"), parameters, None, "general")
    box = {"x": (-30.0, 30.0), "y": (-30.0, 30.0), "z": (-10.0, 60.0)}
    return Report("0.1.0", system, SearchInfo(SEARCH, 64, 0, box, False), tuple(found), INCOMPLETE)


def nothing() -> Report:
    """A search that found nothing."""
    system = SystemInfo("game", "runaway", ("x", "y"), ("x", "y"), {}, False, "general")
    box = {"x": (-2.0, 2.0), "y": (0.0, 1.0)}
    warning = (
        "no equilibrium was found in the box; it may lie outside (give a larger box) or not exist"
    )
    return Report(
        "0.1.0", system, SearchInfo(SEARCH, 64, 0, box, False), (), (warning, *INCOMPLETE)
    )


def kink() -> Report:
    """WGAN-GP on the Dirac-GAN: not differentiable at the only equilibrium."""
    flow = FlowAnalysis(
        "gradient", {}, None, None, None, None, "not differentiable here", NOT_DIFFERENTIABLE
    )
    rules = tuple(
        RuleAnalysis(
            name, {"lr": 0.1}, "gradient", {}, None, None, None, "not differentiable here",
            NOT_DIFFERENTIABLE, None, None, None, None, None,
        )
        for name in ("simultaneous", "alternating")
    )  # fmt: skip
    v = NOT_DIFFERENTIABLE
    conditions = Conditions(v, v, v, {"leader theta": v, "leader psi": v})
    e = EquilibriumAnalysis(
        {"theta": 0.0, "psi": 0.0}, None, float("nan"), True, False, "undecided", 0,
        conditions, None, (flow,), rules, (),
        ("The field is not differentiable here, so it has no linearisation.",),
    )  # fmt: skip
    system = SystemInfo(
        "game",
        "dirac-gan-wgan-gp",
        ("theta", "psi"),
        ("theta", "psi"),
        {"gamma": 0.3},
        True,
        "general",
    )
    box = {"theta": (-2.0, 2.0), "psi": (-2.0, 2.0)}
    return Report("0.1.0", system, SearchInfo(SEARCH, 64, 0, box, False), (e,), INCOMPLETE)


def moving() -> Report:
    """A point that was given and is not stationary."""
    v = Verdict(
        "undecided", 1.0, None, "numeric", "the point is not stationary: the field there has size 1"
    )
    eigenvalues = np.array([1j, -1j])
    flow = FlowAnalysis(
        "gradient", {}, eigenvalues, ("I", "-I"), 0.0, 0.0, "centre", v, stationary=False
    )
    simultaneous = RuleAnalysis(
        "simultaneous", {"lr": 0.1}, "gradient", {}, None, None, None, "not at rest", v,
        None, None, None, None, None,
    )  # fmt: skip
    e = EquilibriumAnalysis(
        {"x": 1.0, "y": 0.5}, None, 1.0, False, True, "undecided", 0,
        Conditions(v, v, v, {"leader x": v, "leader y": v}),
        Decomposition(0.0, 1.4142135623730951, 1.0), (flow,), (simultaneous,), (),
        ("This point is not an equilibrium: the field there has size 1.",),
    )  # fmt: skip
    system = SystemInfo("game", "xy", ("x", "y"), ("x", "y"), {}, True, "Hamiltonian")
    box = {"x": (-2.0, 2.0), "y": (-2.0, 2.0)}
    return Report("0.1.0", system, SearchInfo("given point", 0, 0, box, False), (e,))


def sixty() -> Report:
    """Two small networks: 60 coordinates, of which only the first are shown."""
    rng = np.random.default_rng(0)
    names = [f"disc.w[{i},{j}]" for i in range(4) for j in range(10)] + [
        f"gen[{i}]" for i in range(20)
    ]
    imaginary = np.repeat(np.linspace(0.1, 3, 30), 2) * np.tile([1, -1], 30)
    values = np.repeat(-np.linspace(1e-7, 0.4, 30), 2) + 1j * imaginary
    multipliers = 1 + 0.01 * values
    radius = float(np.abs(multipliers).max())
    flow = FlowAnalysis(
        "gradient", {}, values, None, -1e-7, 3e-14, "stable focus", stable(-1e-7, "numeric")
    )
    steps = RuleAnalysis(
        "simultaneous", {"lr": 0.01}, "gradient", {}, multipliers, radius, 4e-14, "unstable focus",
        unstable_step(radius, 14), 2e-05, None, 1.1e-05, 0.9999999989, None,
        ((0.0, 2e-05),),
    )  # fmt: skip
    nash = Verdict(
        "undecided", 1.2e-17, -3e-15, "numeric",
        "the smallest own-Hessian eigenvalue of gen cannot be told from zero",
    )  # fmt: skip
    e = EquilibriumAnalysis(
        dict(zip(names, rng.standard_normal(60).tolist(), strict=True)), None, 4.1e-12, True, True,
        "undecided", 0, Conditions(nash, nash, nash, {"leader disc": nash, "leader gen": nash}),
        Decomposition(1.5, 9.0, 0.972972972972973), (flow,), (steps,), (),
        (f"{LEAVES} simultaneous steps of this size leave.",),
    )  # fmt: skip
    system = SystemInfo(
        "game", "small networks", ("disc", "gen"), tuple(names), {}, True, "general"
    )
    box = dict.fromkeys(names, (-2.0, 2.0))
    return Report("0.1.0", system, SearchInfo(SEARCH, 16, 3, box, False), (e,), INCOMPLETE)


SAMPLES = {
    f.__name__: f
    for f in (
        dirac_gan, dirac_gan_r1, xy, nine, tandem, henon, lorenz, nothing, kink, moving, sixty,
    )
}  # fmt: skip


def flowing(text: str) -> str:
    """The text with all blanks and line ends made one blank."""
    return " ".join(text.split())


def verdicts(e: EquilibriumAnalysis) -> Iterator[tuple[Verdict, bool]]:
    """Every verdict at an equilibrium, and whether its number is a spectral radius."""
    if e.conditions is not None:
        c = e.conditions
        for v in (c.differential_nash, c.local_nash, c.local_minmax):
            yield v, False
        yield from ((v, False) for v in c.differential_stackelberg.values())
    yield from ((f.stability, False) for f in e.flows)
    yield from ((a.stability, True) for a in (*e.rules, *e.maps))
