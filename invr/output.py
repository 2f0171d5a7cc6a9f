"""Output files that are either whole or not there."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

from inrv_format.errors import InputError, OutputError

Target = str | os.PathLike[str] | BinaryIO


class TargetFile:
    """A file for writing, by path or given: all of each write reaches it, and a path is filled in one step.

    A new or ordinary file is written under a temporary name beside it and renamed by `commit`, or removed with this
    object; a device, a pipe or a file object is written directly. With `alone`, nobody else may write this file
    meanwhile, and the temporary name is always the same, so that what a killed process left is overwritten. After
    `discard` all writes go nowhere. Raises OutputError.
    """

    _part: str | None = None

    def __init__(self, target: Target, *, alone: bool = False) -> None:
        self.name = os.fspath(target) if isinstance(target, (str, os.PathLike)) else "<output>"
        self._dropped = False
        self._owned = isinstance(target, (str, os.PathLike))
        if not isinstance(target, (str, os.PathLike)):
            self._file = target
        else:
            path, part = self.name, None
            if os.path.isdir(path):
                raise OutputError(f"{path}: is a directory, expected a file name")
            if not os.path.exists(path) or os.path.isfile(path):
                folder, base = os.path.split(os.path.realpath(path))
                part = os.path.join(folder, f".{base}.part" if alone else f".{base}.{os.getpid()}.part")
            with translated(self.name):
                self._file = open(part or path, "wb")  # noqa: SIM115 - closed by commit or discard
            self._part = part
        self._seekable = _is_seekable(self._file)

    def __del__(self) -> None:
        if self._part is not None:
            self.discard()

    def write(self, data: bytes) -> int:
        """Write all of `data`, however many calls the file underneath needs."""
        view = memoryview(data).cast("B")
        while len(view) and not self._dropped:
            written = self._file.write(view)
            if written is None or written <= 0:
                raise BlockingIOError(errno.EAGAIN, "the output takes no more data")
            view = view[written:]
        return len(data)

    def seekable(self) -> bool:
        """Whether `seek` and `tell` work."""
        return self._seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        """As for any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As for any file."""
        return self._file.tell()

    def flush(self) -> None:
        """Hand what is buffered to the system."""
        if not self._dropped and hasattr(self._file, "flush"):
            self._file.flush()

    def __enter__(self) -> TargetFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.commit() if kind is None else self.discard()

    def commit(self) -> None:
        """Finish: flush, close a file that was opened here, and give it its name; file and folder are synced.

        What cannot be finished is discarded.
        """
        try:
            self._finish()
        except BaseException:
            self.discard()
            raise

    def drop(self) -> None:
        """Let all further writes go nowhere."""
        self._dropped = True

    def discard(self) -> None:
        """Remove what was written under the temporary name."""
        self._dropped = True
        if self._owned:
            with suppress(OSError):  # the error that led here is the one to report
                self._file.close()
        if self._part is not None and os.path.exists(self._part):
            os.remove(self._part)
        self._part = None

    def _finish(self) -> None:
        with translated(self.name):
            self.flush()
            if self._part is not None:
                os.fsync(self._file.fileno())
            if self._owned:
                self._file.close()
            if self._part is not None:
                final = os.path.realpath(self.name)
                os.replace(self._part, final)
                self._part = None
                _sync_folder(os.path.dirname(final))


@dataclass(frozen=True, slots=True)
class Translated:
    """Takes the bytes of a file; what fails is an OutputError that names it, whoever writes."""

    file: TargetFile

    def write(self, data: bytes) -> int:
        """Write all of `data`."""
        with translated(self.file.name):
            return self.file.write(data)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn an OSError into an OutputError that names the target; BrokenPipeError passes."""
    try:
        yield
    except (BrokenPipeError, OutputError, InputError):
        raise
    except OSError as error:
        raise OutputError(f"{name}: cannot be written ({error.strerror or error})") from None
    except (ValueError, OverflowError) as error:  # how PyAV refuses times and ratios that its formats cannot hold
        raise OutputError(f"{name}: cannot be written ({error})") from error


def _is_seekable(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable()) if seekable is not None else False


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
