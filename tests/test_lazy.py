"""`import stability` imports nothing else, and every name is there when it is asked for."""

import subprocess
import sys

import pytest

import stability


def test_the_package_alone_imports_nothing_slow():
    code = "import sys, stability; print(*{'jax', 'numpy', 'scipy', 'sympy'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []


@pytest.mark.parametrize("name", stability.__all__)
def test_a_public_name_is_there(name):
    assert name in dir(stability)
    thing = getattr(stability, name)
    called = getattr(thing, "__name__", name).rpartition(".")[2]
    assert called == ("linearise_rule" if name == "linearize_rule" else name)


def test_rooms_are_attributes_and_other_names_are_not_there():
    assert stability.rules.RULES["simultaneous"] is stability.Simultaneous
    with pytest.raises(AttributeError, match=r"module 'stability' has no attribute 'stabilty'"):
        stability.stabilty  # noqa: B018
