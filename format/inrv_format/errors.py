"""Every error that invr and inrv_format raise on purpose; each carries the exit code of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class InrvError(Exception):
    """Base of all errors meant for a user; the message is one line."""

    exit_code = 1


class InputError(InrvError, ValueError):
    """The caller's media or options are at fault; the message names the option, the value and what is allowed."""

    exit_code = 3


class OptionError(InputError):
    """An option is wrong whatever the media are: an unknown name, a number out of range, one beside another."""

    exit_code = 2


class InvalidDataError(InrvError, ValueError):
    """The bytes of an `.inrv` file are damaged; `offset` is in bytes, `section` names `spec/inrv.md`'s section."""

    exit_code = 4

    def __init__(self, message: str, *, offset: int | None = None, section: str | None = None) -> None:
        where = [] if offset is None else [f"at byte {offset}"]
        where += [] if section is None else [f"spec section {section}"]
        super().__init__(f"{message} ({', '.join(where)})" if where else message)
        self.offset = offset
        self.section = section


class TruncatedError(InvalidDataError):
    """The file ends before what its headers promise."""


class LimitError(InvalidDataError):
    """A header claims more than the reader's limits allow, in memory or work; `limit` names the one of `Limits`."""

    exit_code = 6

    def __init__(
        self, message: str, *, limit: str | None = None, offset: int | None = None, section: str | None = None
    ) -> None:
        super().__init__(message, offset=offset, section=section)
        self.limit = limit


class UnsupportedError(InrvError, NotImplementedError):
    """The file needs a newer version or an unknown id, or a missing optional package; the message says which."""

    exit_code = 5


class FitError(InrvError, ArithmeticError):
    """The fit of a network diverged and a restart did not help."""

    exit_code = 7


class OutputError(InrvError, OSError):
    """The output cannot be written: disk full, read-only folder, file exists."""

    exit_code = 8


class BackendError(InrvError, RuntimeError):
    """A device or a library underneath failed."""

    exit_code = 9


class GoalError(InrvError, RuntimeError):
    """The file is written and whole, but it is not what was asked for; the message says what was reached, and why."""

    exit_code = 10


@contextmanager
def named(name: str) -> Iterator[None]:
    """Put a file's name before what is said of its bytes."""
    try:
        yield
    except (InvalidDataError, UnsupportedError) as error:
        renamed = type(error)(f"{name}: {error}")
        vars(renamed).update(vars(error))
        raise renamed from error
