"""What a probe says in words: conditions that do not apply, second-order verdicts, more than there is."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import stability as st

START = {"x": jnp.ones(2), "y": jnp.ones(2)}


@pytest.fixture(scope="module")
def bilinear():
    """y's own Hessian is zero: certainly no strict local minmax point, at rest or not."""
    return st.zero_sum(lambda x, y: x @ y + 0.1 * x @ x, minimizer="x", maximizer="y", start=START)


@pytest.fixture(scope="module")
def general_sum():
    losses = {"x": lambda x, y: x @ y + x @ x, "y": lambda x, y: y @ y - 2 * x @ y}
    return st.Game(losses, start=START)


def cells(report, *titles):
    """The cells of the row after the header with these titles, as printed."""
    rows = [line.split("  ") for line in str(report).splitlines()]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    header = next(i for i, row in enumerate(rows) if set(titles) <= set(row))
    return dict(zip(rows[header], rows[header + 2], strict=True))


def test_a_series_shows_the_second_order_verdicts_that_its_probes_show(bilinear):
    series = st.Probe(bilinear, every=1, k=1)
    report = series(0, START)
    once = st.probe(bilinear, START, k=1)
    assert once.second_order == report.second_order
    assert once.second_order.local_minmax.verdict == "no"
    assert once.conditions.local_minmax.verdict == "undecided"  # for the point is not at rest
    shown = cells(series.series(), "Minmax, second order")
    assert shown["Minmax, second order"] == "no"
    assert shown["Nash, second order"] == once.second_order.local_nash.verdict


@pytest.mark.slow
def test_text_says_not_applicable_where_json_says_undecided(general_sum):
    series = st.Probe(general_sum, every=1, k=1)
    probed = series(0, START)
    for shown in (probed, st.report(general_sum)):
        line = next(row for row in str(shown).splitlines() if row.startswith("strict local minmax"))
        assert line.split()[3:5] == ["not", "applicable"]
    assert (
        cells(series.series(), "Minmax, second order")["Minmax, second order"] == "not applicable"
    )
    assert probed.to_dict()["second_order"]["local_minmax"]["verdict"] == "undecided"


def test_more_eigenvalues_than_there_are_is_said(bilinear):
    report = st.probe(bilinear, START, k=50)
    (warning,) = report.warnings
    assert (
        warning
        == "50 eigenvalues were asked for, and a game of 4 numbers has 4: these are all of them"
    )
    assert warning[:40] in " ".join(str(report).split())
    for modest in ({"k": 4}, {}):  # the usual number is nobody's wish
        report = st.probe(bilinear, np.ones(4), **modest)
        assert report.warnings == ()
        assert len(report.rightmost.values) == 4
