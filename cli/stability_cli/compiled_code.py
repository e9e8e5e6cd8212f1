"""What JAX compiled is kept in the user's cache folder, so that a command is quicker the second time.

The library changes none of JAX's settings; the command, a program of its own, sets them in its environment
before JAX is imported. A cache is a convenience: whatever is wrong with it, the command runs as without one.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import platform
import shutil
import sys
import warnings
from pathlib import Path

VARIABLE = "STABILITY_CACHE"  # of the environment; "off" switches the cache off
MOST_BYTES = 64 * 2**20
SECONDS = "0.03"  # of compilation, from which on its result is kept
OFF = ("off", "no", "false", "0")


def keep_compiled_code() -> None:
    """Has JAX keep what it compiles, unless the user has settings of their own or wants none."""
    chosen = os.environ.get(VARIABLE, "").strip().lower()
    if chosen in OFF or "JAX_COMPILATION_CACHE_DIR" in os.environ or "jax" in sys.modules:
        return
    folder = _folder()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(folder):
            _prune(folder)
            _look_out(folder)
            os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
            os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", SECONDS)


def _folder() -> Path | None:
    """Where the platform keeps caches, and there the folder of this kind of processor; None without a home.

    Compiled code runs on the processors that it was compiled for, and machines may share a home.
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # as the convention asks
            base = os.path.expanduser("~/.cache")
    if not os.path.isabs(base):
        return None
    return Path(base, "stability", f"compiled-{_processor()}")


def _processor() -> str:
    """The kind of this machine's processor, as a few letters."""
    kind = f"{platform.machine()} {platform.processor()}"
    with (
        contextlib.suppress(OSError),
        open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f,
    ):
        kind += next((line for line in f if line.lower().startswith(("flags", "features"))), "")
    return hashlib.sha256(kind.encode()).hexdigest()[:12]


def _is_ours(folder: Path) -> bool:
    """Whether the folder can be written to and is this user's: what lies in it is run."""
    own = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
    return own and os.access(folder, os.R_OK | os.W_OK | os.X_OK)


def _prune(folder: Path) -> None:
    """Removes the oldest half where there is more than `MOST_BYTES`."""
    with os.scandir(folder) as entries:
        files = [(entry.stat(), entry.path) for entry in entries if entry.is_file()]
    if sum(stat.st_size for stat, _ in files) <= MOST_BYTES:
        return
    files.sort(key=lambda file: file[0].st_mtime)
    for _, path in files[: len(files) // 2 + 1]:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _look_out(folder: Path) -> None:
    """Keeps quiet about entries that cannot be read or written (a full disk, a run that was killed while it
    wrote), and empties a folder with such entries at the end: JAX would never replace them.
    """
    show, spoilt = warnings.showwarning, []

    def shown(message, category, filename, lineno, file=None, line=None) -> None:
        if "persistent compilation cache entry" not in str(message):
            show(message, category, filename, lineno, file, line)
        elif not spoilt:
            spoilt.append(message)
            atexit.register(shutil.rmtree, folder, ignore_errors=True)

    warnings.showwarning = shown
