"""What the command keeps of JAX's compilations: where, how much, and never at the price of a run."""

import os
import subprocess
import sys
import warnings

import pytest

from stability_cli import compiled_code
from stability_cli.compiled_code import keep_compiled_code

FOLDER, SECONDS = "JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder, in a process that has not imported JAX yet; what happens at its end is run by hand."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in (FOLDER, SECONDS):  # so that what is set is taken back afterwards
        monkeypatch.setenv(name, "")
        del os.environ[name]
    monkeypatch.delenv("STABILITY_CACHE", raising=False)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    return tmp_path / "stability"


def test_the_user_s_cache_folder_is_used(cache):
    keep_compiled_code()
    folder = os.environ[FOLDER]
    assert folder.startswith(f"{cache}/compiled-")
    assert os.stat(folder).st_mode & 0o077 == 0
    assert float(os.environ[SECONDS]) < 0.1


@pytest.mark.parametrize("word", ["off", "OFF", "0"])
def test_it_can_be_switched_off(cache, monkeypatch, word):
    monkeypatch.setenv("STABILITY_CACHE", word)
    keep_compiled_code()
    assert FOLDER not in os.environ
    assert not cache.exists()


def test_a_folder_of_the_user_s_own_stays(cache, monkeypatch):
    monkeypatch.setenv(FOLDER, "/elsewhere")
    keep_compiled_code()
    assert os.environ[FOLDER] == "/elsewhere"
    assert not cache.exists()


def test_without_a_folder_to_write_to_nothing_is_kept(cache, monkeypatch):
    cache.write_text("a file where the folder would be")
    keep_compiled_code()
    assert FOLDER not in os.environ
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the convention has ignored
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # no home
    keep_compiled_code()
    assert FOLDER not in os.environ


def test_somebody_else_s_folder_is_not_used(cache, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: -1, raising=False)
    keep_compiled_code()
    assert FOLDER not in os.environ


def test_the_oldest_entries_go_where_there_are_too_many(cache, monkeypatch):
    monkeypatch.setattr(compiled_code, "MOST_BYTES", 1000)
    keep_compiled_code()
    folder = os.environ.pop(FOLDER)
    for i in range(6):
        with open(f"{folder}/{i}-cache", "wb") as file:
            file.write(bytes(200))
        os.utime(f"{folder}/{i}-cache", (i, i))
    keep_compiled_code()
    assert sorted(os.listdir(folder)) == ["4-cache", "5-cache"]


CODE = """
import os, warnings
from stability_cli.compiled_code import keep_compiled_code
keep_compiled_code()
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
import jax
assert jax.jit(lambda x: 2 * x)(3.0) == 6.0
warnings.warn("another one")
"""


def test_entries_that_are_spoilt_are_quietly_thrown_away(tmp_path):
    own = {"XDG_CACHE_HOME": str(tmp_path), "STABILITY_CACHE": ""}
    environment = {k: v for k, v in os.environ.items() if k not in (FOLDER, SECONDS)} | own

    def run():
        result = subprocess.run(
            [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0
        assert result.stderr.count("Warning") == result.stderr.count("another one") == 1
        return [*tmp_path.rglob("*-cache")]

    entries = run()
    assert entries
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:100])  # as a run that was killed leaves it
    assert not run()
    assert run()
