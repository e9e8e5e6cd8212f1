"""How the command begins and ends: streams that are closed, signals, and whatever goes wrong on the way."""

from __future__ import annotations

import codecs
import contextlib
import gc
import os
import signal
import sys

TRACEBACK = "STABILITY_TRACEBACK"  # of the environment: shows where an error comes from
unfinished: set[str] = set()  # files being written, removed when a signal ends the command
_kept_sockets: list = []  # as long as the process lives
_PLAIN = {
    "━": "=", "─": "-", "│": "|", "−": "-", "–": "-", "…": "...", "≤": "<=", "≥": ">=", "≈": "~", "·": "*",
    "×": "x", "→": "->", "∞": "inf", "•": "*", "λ": "lambda", "μ": "mu", "∂": "d", "’": "'",
}  # fmt: skip


def command() -> None:
    """The console entry point: signals end the command from the first moment."""
    _end_on_signals()
    _open_streams()
    _watch_signals()
    # what is imported stays, and is not worth the collector's time: a tenth of a short command's
    gc.set_threshold(100_000, 10, 10)
    sys.exit(run())


def run() -> int:
    """Runs the command that sys.argv asks for; returns its exit code. Errors are one sentence on stderr."""
    try:
        import click

        from .main import cli

        code = cli.main(prog_name="stability", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except SystemExit as stop:
        return _flushed(stop.code if isinstance(stop.code, int) else int(stop.code is not None))
    except (KeyboardInterrupt, click.Abort):
        return 130
    except click.ClickException as error:
        with contextlib.suppress(OSError):
            error.show()
        return error.exit_code
    except BaseException as error:
        return _ended_by(error)


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError as error:
        return _ended_by(error)
    return code


def _ended_by(error: BaseException) -> int:
    """Says what went wrong and returns the exit code: 2, or 1 where nobody but this program is to blame."""
    if isinstance(error, BrokenPipeError):  # `stability report … | head`
        _silence()
        return 0
    errors = sys.modules.get("stability.errors")
    if os.environ.get(TRACEBACK):
        import traceback

        _say("".join(traceback.format_exception(error)))
    if errors is not None and isinstance(error, errors.InputError):
        _say(f"Error: {error}")
        return 2
    if isinstance(error, OSError):
        _silence()
        where = f"{error.filename}: " if error.filename else "the result cannot be written: "
        _say(f"Error: {where}{error.strerror or error}")
        return 2
    if isinstance(error, MemoryError):
        _say("Error: this needs more memory than there is")
        return 2
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    line = "" if errors is None else errors.line_of_user(error)
    if line:
        _say(f"Error: {type(error).__name__}: {reason}{line}")
        return 2
    _say(
        f"Error: {type(error).__name__}: {reason}. This is a fault of stability, not of what it was given; "
        f"please report it, with the command, the game and what is shown when {TRACEBACK}=1 is set."
    )
    return 1


def _say(text: str) -> None:
    """Writes to standard error, if that takes anything."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def _silence() -> None:
    """Lets what is still to be written to standard output, which takes no more, go nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams() -> None:
    """Puts something in the place of closed streams, so that no file that is opened later becomes one.

    What is written to a closed standard output fails. Streams in ASCII, which is what a computer without
    a locale has, take UTF-8 as Click's own do; what other encodings lack is written in ASCII.
    """
    for number, (name, flags) in enumerate(
        [("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)]
    ):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        name = codecs.lookup(stream.encoding).name
        if name == "ascii":
            stream.reconfigure(encoding="utf-8")  # pyright: ignore[reportAttributeAccessIssue]
        elif name != "utf-8":
            codecs.register_error("plain", _plain)
            stream.reconfigure(errors="plain")  # pyright: ignore[reportAttributeAccessIssue]


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What stands for the characters that an encoding lacks; escapes are those of JSON."""
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c, f"\\u{ord(c):04x}") for c in lacking), error.end


def _end_on_signals() -> None:
    """Ends the process where a signal to do so arrives."""
    for number in _signals():
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda number, _: _end(number))


def _watch_signals() -> None:
    """Ends the process as soon as a signal to do so arrives, whatever it is doing.

    Python's handlers run in the main thread between two of its instructions, which a compilation keeps
    waiting for, and an exception out of compiled code has crashed the interpreter. So a thread of its own
    reads the signals too.
    """
    import socket
    import threading

    reader, writer = _kept_sockets[:] = socket.socketpair()
    writer.setblocking(False)

    def watch() -> None:
        while True:
            for number in reader.recv(1):
                if number in _signals():
                    _end(number)

    threading.Thread(target=watch, daemon=True, name="signals").start()
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)


def _signals() -> list[int]:
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _end(number: int) -> None:
    """Removes unfinished files and ends the process, as a shell says that a signal did."""
    for path in list(unfinished):
        with contextlib.suppress(OSError):
            os.unlink(path)
    with contextlib.suppress(Exception):
        if sys.stderr.isatty():
            os.write(2, b"\x1b[?25h\n")  # the cursor, which a spinner hides
    os._exit(128 + number)
