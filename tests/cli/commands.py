"""The command line, in a process of its own, as users run it, or in this one, which is quicker."""

import contextlib
import io
import os
import subprocess
import sys
from unittest import mock


def process(*arguments: str, **options) -> subprocess.CompletedProcess:
    """Runs the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "stability_cli", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        **options,
    )


def in_process(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """The same by calling its entry point here."""
    from stability_cli import progress
    from stability_cli.entry import run

    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["stability", *arguments]),
        mock.patch.dict(os.environ, {} if env is None else env),
        mock.patch.object(progress, "EVERY", None),  # how long something takes is no part of a test
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        code = run()
    return subprocess.CompletedProcess(arguments, code, output.getvalue(), errors.getvalue())
