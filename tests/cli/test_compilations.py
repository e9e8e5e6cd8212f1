"""How many functions an everyday command has compiled: most of its time, so that they do not grow back."""

import os

import pytest

from tests.cli.commands import process

EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "tiny_gan.py")


@pytest.mark.parametrize(
    ("command", "most"),
    [
        ("report dirac-gan-r1", 2),  # the field with its Jacobian, and the compiler tried
        ("trajectory xy --rule simultaneous:lr=0.1", 12),
        pytest.param("compare dirac-gan-r1", 9, marks=pytest.mark.slow),
        pytest.param("portrait xy -o xy.svg", 16, marks=pytest.mark.slow),
        pytest.param(f"probe {EXAMPLE}:game", 114, marks=pytest.mark.slow),
    ],
)
def test_compilations(command, most, tmp_path):
    result = process(*command.split(), cwd=tmp_path, env={**os.environ, "JAX_LOG_COMPILES": "1"})
    assert result.returncode == 0
    assert 0 < result.stderr.count("Finished XLA compilation of") <= most
