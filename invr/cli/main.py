"""`invr`: the commands together, and the one place where errors become a line on stderr and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import typer
from inrv_format.errors import InrvError

from invr.cli.cat import cat
from invr.cli.compare import compare
from invr.cli.decode import decode
from invr.cli.encode import encode
from invr.cli.estimate import estimate
from invr.cli.info import info
from invr.cli.interrupt import ParkedError
from invr.cli.refine import refine
from invr.cli.repair import repair
from invr.cli.report import report
from invr.cli.settings import PRESET_LINES
from invr.cli.streams import settle_streams
from invr.cli.sweep import sweep
from invr.cli.test import test_files
from invr.cli.thumbs import thumbs

USAGE_CODE = 2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
CLOSED_PIPE_CODE = 141
STOP_AGAIN_S = 2.0

app = typer.Typer(
    name="invr",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("encode", epilog=PRESET_LINES)(encode)
app.command("decode")(decode)
app.command("estimate")(estimate)
app.command("info")(info)
app.command("refine")(refine)
app.command("cat")(cat)
app.command("repair")(repair)
app.command("report")(report)
app.command("test")(test_files)
app.command("compare")(compare)
app.command("sweep")(sweep)
app.command("thumbs")(thumbs)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """The video codec whose file is a neural network.

    Exit codes: 0 done, 1 unexpected error, 2 wrong usage, 3 input not readable, 4 file damaged, 5 file needs a newer
    version, 6 a limit is exceeded, 7 the fit failed, 8 output not writable, 9 device or library failed,
    10 the file is written but misses its goal, 130 and 143 interrupted, 141 the reader of the output has gone.
    """
    if version:
        from importlib.metadata import version as installed_version

        sys.stdout.write(f"invr {installed_version('invr')}\n")
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line and exit."""
    settle_streams()
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
        return code or 0
    except InrvError as error:
        _flush_output()
        limit = getattr(error, "limit", None)
        _complain(f"{error}; --limits {limit}=N sets another" if limit else str(error))
        return error.exit_code
    except (BrokenPipeError, SystemExit) as error:
        # Typer turns a closed pipe into an exit of its own before it can be seen here.
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        _drop_output()
        return CLOSED_PIPE_CODE
    except ParkedError:
        _complain("interrupted; the same command goes on from here")
        return 128 + signal.SIGINT
    except _StoppedError as stop:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        _drop_output()
        _complain("interrupted")
        return 128 + stop.number
    except MemoryError:
        _complain("not enough memory")
        return 6
    except OSError as error:
        _drop_output()
        _complain(f"{error.filename or 'output'}: {error.strerror}")
        return 8
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return _usage_error(error)


def _usage_error(error: Exception) -> int:
    """Typer's usage errors, of whichever click they come from, as one line; a bare `invr` shows the help."""
    message = str(error.format_message()).strip()  # type: ignore[attr-defined]
    if "\n" in message:
        sys.stderr.write(message + "\n")
    else:
        _complain(f"{message} (see invr --help)")
    return USAGE_CODE


def _flush_output() -> None:
    """Write what can be; of the rest the interpreter would complain at its exit."""
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()


def _drop_output() -> None:
    """Let what is still to be flushed go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    """One line, whatever names and libraries have put into the message."""
    sys.stderr.write(f"invr: {' '.join(message.split())}\n")


class _StoppedError(BaseException):
    """A signal asked the program to stop; not an Exception, so that no library swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Raise, and again every two seconds: an exception that comes at a bad moment may be swallowed by a library."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda _number, frame: _stop(number, frame))
        signal.setitimer(signal.ITIMER_REAL, STOP_AGAIN_S)
    raise _StoppedError(number)
