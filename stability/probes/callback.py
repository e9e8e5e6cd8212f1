"""A callback that probes a game every so many steps of somebody's own training loop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ..dynamics.positive_settings import check_whole
from ..errors import InputError
from .probing import Prober
from .series import ProbeSeries, path_between
from .value import ProbeReport


class Probe(Prober):
    """Probes a game in a training loop: call it at every step, and it acts at every `every`-th.

        probe = st.Probe(game, rules=[st.Alternating(lr=0.05)], every=500)
        for step in range(10_000):
            probe(step, {"disc": disc, "gen": gen})
            …
        print(probe.series())

    `game` is as it is trained; `options` are `field`, `rules`, `penalties`, `k`, `tolerance`,
    `max_products`, `seed` and `progress` of `stability.probe`. `overhead` is the share of the time since the
    first call that was spent probing; compiling, at the first probe, included.
    """

    def __init__(self, game: Any, *, every: int, **options: Any):
        check_whole(every, "the number of steps between probes", 1, 2**62)
        super().__init__(game, **options)
        self.every = every
        self.reports: list[ProbeReport] = []
        self._points: list[Any] = []
        self._began: float | None = None
        self._spent = 0.0

    def __call__(
        self, step: int, at: Any, state: Sequence[Any] | None = None
    ) -> ProbeReport | None:
        """The report at this step, or None between probes.

        - `at`: the players' strategies by name, or the profile; `state`: that of the (only) rule.
        """
        now = time.perf_counter()
        self._began = now if self._began is None else self._began
        if step % self.every:
            return None
        x = self.profile(at)
        report = self.at(x, state=state, source="training", step=step)
        self.reports.append(report)
        self._points = [*self._points[:1], x]  # the path angle needs the first and the last
        self._spent += time.perf_counter() - now
        return report

    @property
    def overhead(self) -> float:
        """The share of the time since the first call that was spent probing; 0 before it."""
        if self._began is None:
            return 0.0
        return self._spent / max(time.perf_counter() - self._began, 1e-9)

    def series(self) -> ProbeSeries:
        """All probes so far. Raises InputError if there is none."""
        if not self.reports:
            raise InputError(
                f"no probe has been taken yet; they are taken at steps divisible by {self.every}"
            )
        return ProbeSeries(tuple(self.reports), path_between(self.flow, self._points))
