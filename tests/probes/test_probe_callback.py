"""Probing in somebody's own training loop."""

import numpy as np
import pytest

import stability as st
from stability.errors import InputError


def test_acts_at_every_so_many_steps():
    game = st.games.dirac_gan_r1(gamma=1.0)
    probe = st.Probe(game, every=10, rules=[st.Simultaneous(lr=0.2)], k=2)
    assert probe.overhead == 0.0
    x = np.array([0.5, 0.5])
    v = game.real.numeric()
    for step in range(21):
        report = probe(step, x)
        assert (report is None) == (step % 10 != 0)
        x = x + 0.2 * np.asarray(v.field(x))
    assert [report.step for report in probe.reports] == [0, 10, 20]
    assert 0 < probe.overhead <= 1
    norms = [report.rest.field_norm for report in probe.reports]
    assert norms == sorted(norms, reverse=True)  # it converges: the field shrinks


def test_the_series_has_the_path_angle_between_the_ends():
    """For v = −Jw with J = [[a, b], [−b, a]] the cosine is a/√(a² + b²) up to the end, then minus that."""
    a, b = 0.3, 0.4
    game = st.Game(
        {
            "x": lambda x, y: a / 2 * x**2 + b * x * y,
            "y": lambda x, y: a / 2 * y**2 - b * x * y,
        },
        start={"x": 1.0, "y": 1.0},
    )
    probe = st.Probe(game, every=1, k=2)
    probe(0, np.array([1.0, -0.5]))
    probe(1, np.zeros(2))
    path = probe.series().path
    inside = (path.alphas >= 0) & (path.alphas < 0.99)
    np.testing.assert_allclose(path.cosines[inside], 0.6, atol=1e-6)
    np.testing.assert_allclose(path.cosines[path.alphas > 1.01], -0.6, atol=1e-6)
    assert probe.series().to_dict()["schema"] == "stability-probe-series/1"
    assert "attracts along this line" in probe.series().to_text(200)


def test_without_any_probe_there_is_no_series():
    probe = st.Probe(st.load("xy"), every=5)
    with pytest.raises(InputError, match="no probe has been taken"):
        probe.series()


@pytest.mark.parametrize("every", [0, -1, 1.5, "often"])
def test_every_is_a_number_of_steps(every):
    with pytest.raises(InputError, match="whole number"):
        st.Probe(st.load("xy"), every=every)
