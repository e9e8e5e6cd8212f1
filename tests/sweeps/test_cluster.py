"""The same chunks on a cluster of two worker processes, one of which is killed."""

import os
import signal
import socket

import numpy as np
import pytest

import stability as st
from stability.sweeps import sweep

pytest.importorskip("distributed")

NETWORK = """
import jax.numpy as jnp
import stability as st

game = st.Game(
    {
        "disc": lambda disc, gen: -jnp.tanh(disc["w"]) * gen["v"] + 0.1 * disc["w"] ** 2,
        "gen": lambda disc, gen: jnp.tanh(disc["w"]) * gen["v"] + 0.1 * gen["v"] ** 2,
    },
    start={"disc": {"w": 0.5}, "gen": {"v": 0.5}},
)
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of Dask's own closing of connections to the killed worker
def test_a_worker_is_lost_midway(tmp_path):
    from distributed import LocalCluster

    system = st.load("dirac-gan-r1")
    over = {"gamma": np.linspace(0.1, 2, 12), "lr": [0.1, 0.2]}
    options = {
        "quantities": ["critical_lr", "spectral_radius"],
        "rule": st.Alternating(),
        "chunk": 3,
    }
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        workers = [worker.pid for worker in cluster.workers.values()]

        def kill_one(done, total):
            if done == 2:
                os.kill(workers[0], signal.SIGKILL)

        address = cluster.scheduler_address
        found = sweep(
            system, over, scheduler=address, progress=kill_one, store=tmp_path / "c", **options
        )
        assert len(list((tmp_path / "c").glob("*.npz"))) == 8
        path = tmp_path / "mine.py"
        path.write_text(NETWORK)
        game = st.load(str(path))
        game.field(game.start)  # compiled functions do not travel, and must not hinder
        remote = sweep(game, {"lr": [0.1, 0.3]}, ["eigenvalues", "losses"], scheduler=address)
        on_sets = sweep(st.games.cournot(), {"c2": [3.0, 7.0]}, "point", scheduler=address)
    np.testing.assert_allclose(on_sets.quantities["point"], [[13 / 3, 4 / 3], [5, 0]], atol=1e-9)
    local = sweep(system, over, **options)
    for name in options["quantities"]:  # bit for bit: the same code for the same chunks
        np.testing.assert_array_equal(found.quantities[name], local.quantities[name])
    here = sweep(game, {"lr": [0.1, 0.3]}, ["eigenvalues", "losses"])
    np.testing.assert_array_equal(remote.quantities["eigenvalues"], here.quantities["eigenvalues"])


def test_nobody_answers():
    with socket.socket() as probe:  # a port that was free a moment ago
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for address in (f"tcp://127.0.0.1:{port}", f"127.0.0.1:{port}"):
        with pytest.raises(st.InputError, match=f"no Dask scheduler.*{port}"):
            sweep(st.load("dirac-gan-r1"), {"gamma": [1]}, "stable", scheduler=address)
    for address in ("", "here", "http://127.0.0.1:80", "tcp://host"):
        with pytest.raises(st.InputError, match="tcp://HOST:PORT"):
            sweep(st.load("dirac-gan-r1"), {"gamma": [1]}, "stable", scheduler=address)
