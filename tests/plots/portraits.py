"""Small phase portraits whose every curve is known in closed form."""

from __future__ import annotations

import io

import numpy as np

from stability.attraction import Basins
from stability.cycles import Cycle
from stability.dynamics.plane import Plane
from stability.dynamics.trajectory import Outcome, Trajectory
from stability.phase import Nullcline, Separatrix
from stability.phase.portrait import Portrait, Spot, Steps

XY = ("x", "y")


def trajectory(points, times=None, variables=XY) -> Trajectory:
    points = np.asarray(points, dtype=float)
    times = np.arange(len(points), dtype=float) if times is None else times
    return Trajectory(variables, times, points, points, Outcome.FINISHED)


def plane(u=(-2.0, 2.0), w=(-2.0, 2.0), labels=XY) -> Plane:
    return Plane(np.zeros(2), np.eye(2), labels, np.array([u, w]))


def grid(field, plane: Plane, n=41):
    u, w = (np.linspace(*side, n) for side in plane.box)
    return u, w, np.stack(field(*np.meshgrid(u, w)), axis=-1)


def spot(x, y, type, stability) -> Spot:
    point = np.array([x, y], dtype=float)
    return Spot(point, point, type, stability, f"({x:g}, {y:g})")


def iterated(step, start, steps) -> Trajectory:
    points = [np.array(start, dtype=float)]
    for _ in range(steps):
        points.append(np.array(step(*points[-1])))
    return trajectory(points)


def make(kind="flow", name="", plane=None, **layers) -> Portrait:
    empty = dict.fromkeys(("spots", "nullclines", "separatrices", "cycles", "paths", "steps"), ())
    none = dict.fromkeys(("graph", "grid", "basins"))
    variables = XY if plane is not None else ("x",)
    given = {"parameters": {}, **empty, **none, **layers}
    return Portrait(kind, name, variables, plane=plane, **given)


def bistable() -> Portrait:
    """x′ = x − x³, y′ = −y: two nodes, a saddle between them, and every layer that a flow can have."""
    where = plane(w=(-1.5, 1.5))
    t, x, y = np.linspace(0, 6, 200), 0.2, 1.3
    path = np.stack([x * np.exp(t) / np.sqrt(1 + x * x * np.expm1(2 * t)), y * np.exp(-t)], axis=1)
    h = 0.25
    walked = iterated(lambda x, y: (x + h * (x - x**3), y - h * y), (-0.2, -1.3), 20)
    upright = np.array([[0.0, -3.0], [0.0, 3.0]])
    ends = [("stable", (0, 3)), ("stable", (0, -3)), ("unstable", (1, 0)), ("unstable", (-1, 0))]
    branches = [(kind, np.array([(0.0, 0.0), end], dtype=float)) for kind, end in ends]
    u, w = np.linspace(-2, 2, 41), np.linspace(-1.5, 1.5, 31)
    labels = np.broadcast_to(np.where(u < 0, 0, 1), (31, 41)).copy()
    labels[:, 20] = -2
    labels[:4] = -1  # not so in truth; an example of starts that escape
    return make(
        name="Bistable",
        plane=where,
        grid=grid(lambda x, y: (x - x**3, -y), where),
        spots=(
            spot(-1, 0, "stable node", "exponentially stable"),
            spot(0, 0, "saddle with 1 unstable direction", "unstable"),
            spot(1, 0, "stable node", "exponentially stable"),
        ),
        nullclines=(
            Nullcline("x", tuple(upright + np.array([x, 0.0]) for x in (-1, 0, 1))),
            Nullcline("y", (np.array([[-3.0, 0.0], [3.0, 0.0]]),)),
        ),
        separatrices=tuple(Separatrix(kind, curve, curve) for kind, curve in branches),
        basins=Basins(u, w, labels, ("(−1, 0)", "(1, 0)"), np.array([[-1.0, 0.0], [1.0, 0.0]])),
        paths=(trajectory(path, t),),
        steps=(Steps("simultaneous, lr=0.25", walked),),
    )


def oscillator() -> Portrait:
    """r′ = r(1 − r²)(r² − 9/4)·4/9, θ′ = 1 around 0: an attracting cycle inside a repelling one."""
    where = plane()
    around = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(around), np.sin(around)], axis=1)

    def field(x, y):
        square = x * x + y * y
        rate = (1 - square) * (1 - square / 2.25)
        return x * rate - y, y * rate + x

    t = np.linspace(0, 9, 2000)
    path = [np.array([0.1, 0.0])]
    for _ in t[1:]:
        path.append(path[-1] + (t[1] - t[0]) * np.array(field(*path[-1])))
    return make(
        name="Oscillator",
        plane=where,
        grid=grid(field, where),
        spots=(spot(0, 0, "unstable focus", "unstable"),),
        cycles=(
            Cycle(circle, 2 * np.pi, np.array([1.0, 0.03]), True),
            Cycle(1.5 * circle, 2 * np.pi, np.array([1.0, 9.0]), False),
        ),
        paths=(trajectory(path, t),),
    )


def bilinear() -> Portrait:
    """The game xy: the flow goes round, alternating steps go round as a staircase."""
    where = plane()
    t, h = np.linspace(0, 6, 200), 0.5
    path = np.stack([np.cos(t) - np.sin(t), np.sin(t) + np.cos(t)], axis=1)
    half = [(1.0, 1.0)]
    for _ in range(9):
        x, y = half[-1]
        half += [(x - h * y, y), (x - h * y, y + h * (x - h * y))]
    around = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    # of alternating steps, x² − h x y + y² is conserved
    ellipse = np.stack([np.cos(around), np.sin(around + np.arcsin(h / 2))], axis=1)
    ellipse *= np.sqrt(1.5 / (1 - h * h / 4))
    return make(
        name="Bilinear game",
        plane=where,
        spots=(spot(0, 0, "centre", "neutral"),),
        nullclines=(
            Nullcline("x", (np.array([[-2.0, 0.0], [2.0, 0.0]]),)),
            Nullcline("y", (np.array([[0.0, -2.0], [0.0, 2.0]]),)),
        ),
        paths=(trajectory(path, t),),
        steps=(
            Steps(
                "alternating, lr=0.5",
                trajectory(half[::2]),
                trajectory(half),
                (Cycle(ellipse, None, None, True),),
            ),
        ),
    )


def rotation() -> Portrait:
    """A map: a rotation by 144° with contraction to a circle, seen with an orbit of period 5."""
    turn = np.exp(0.8j * np.pi)

    def step(x, y):
        z = complex(x, y)
        z = turn * z / np.sqrt(abs(z))
        return z.real, z.imag

    orbit = np.exp(1j * np.arange(5) * 0.8 * np.pi)
    u = np.linspace(-2, 2, 21)
    labels = np.where(np.hypot(*np.meshgrid(u, u)) < 1.8, 0, -1)
    return make(
        "map",
        "Rotation",
        plane(),
        spots=(
            spot(0, 0, "unstable focus", "unstable"),
            spot(1.5, 1.5, "non-hyperbolic with 2 neutral directions", "undecided"),
        ),
        cycles=(Cycle(np.stack([orbit.real, orbit.imag], axis=1), 5.0, None, True),),
        basins=Basins(u, u, labels, ("orbit of period 5",), np.array([[1.0, 0.0]])),
        paths=(iterated(step, (1.7, 0.4), 60),),
    )


def logistic() -> Portrait:
    """The logistic map at r = 3.2, a cobweb."""
    x = np.linspace(0, 1, 101)
    points = [0.1]
    for _ in range(12):
        points.append(3.2 * points[-1] * (1 - points[-1]))
    path = trajectory(np.array(points)[:, None], variables=("x",))
    fixed = Spot(np.array([0.6875]), np.array([0.6875, 0]), "unstable node", "unstable", "(0.6875)")
    return make("map", "Logistic map", graph=(x, 3.2 * x * (1 - x)), spots=(fixed,), paths=(path,))


def line() -> Portrait:
    """x′ = x − x³ on a line."""
    x = np.linspace(-2, 2, 201)
    kinds = {-1: "stable", 0: "unstable", 1: "stable"}
    words = {"stable": "exponentially stable", "unstable": "unstable"}
    spots = [
        Spot(np.array([at]), np.array([at, 0.0]), f"{kind} node", words[kind], f"({at})")
        for at, kind in kinds.items()
    ]
    return make(name="Bistable on a line", graph=(x, x - x**3), spots=tuple(spots))


PORTRAITS = {
    own.__name__: own for own in (bistable, oscillator, bilinear, rotation, logistic, line)
}


def png(drawn, dpi=80) -> bytes:
    """A figure as the bytes of a png."""
    from stability.plots.style import styled

    stream = io.BytesIO()
    with styled():
        drawn.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()
