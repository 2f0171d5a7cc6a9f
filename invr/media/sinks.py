"""What every sink can do, and the two that need no library: `NullSink` and `DigestSink`."""

from __future__ import annotations

import errno
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, BinaryIO, Protocol

import numpy as np
from inrv_format.errors import InputError, OutputError
from inrv_format.streams import AudioStream, VideoStream
from numpy.typing import NDArray

Target = str | os.PathLike[str] | BinaryIO


class Sink(Protocol):
    """Where pictures and sound go; a context manager that aborts on an exception and else closes.

    `warnings` names, one short sentence each, what the target does not keep as it was given.
    """

    @property
    def warnings(self) -> tuple[str, ...]: ...

    def write_video(self, values: NDArray[Any], pts: NDArray[np.int64], last_duration: int) -> None:
        """Add frames: `values` [T, H, W, C], `pts` [T] and `last_duration` in the video stream's time base."""

    def write_audio(self, values: NDArray[np.float32], pts: int) -> None:
        """Add sound: `values` float32 [N, C] in [-1, 1], `pts` the time of the first sample, in samples."""

    def close(self) -> None:
        """Finish the target; a file gets its name only now."""

    def abort(self) -> None:
        """Drop what was written, so that nothing looks finished."""

    def __enter__(self) -> Sink: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class BaseSink(ABC):
    """The parts that all sinks share: warnings and the context manager."""

    def __init__(self) -> None:
        self._warnings: list[str] = []

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the target does not keep, in the order found, each once."""
        return tuple(self._warnings)

    def warn(self, text: str) -> None:
        """Add a warning, once."""
        if text not in self._warnings:
            self._warnings.append(text)

    @abstractmethod
    def close(self) -> None:
        """Finish the target."""

    @abstractmethod
    def abort(self) -> None:
        """Drop what was written."""

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
            return
        try:
            self.close()
        except BaseException:
            self.abort()
            raise


class NullSink(BaseSink):
    """Counts frames and samples, keeps nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = 0
        self.samples = 0

    def write_video(self, values: NDArray[Any], pts: NDArray[np.int64], last_duration: int) -> None:  # noqa: ARG002
        """Count the frames."""
        self.frames += len(values)

    def write_audio(self, values: NDArray[np.float32], pts: int) -> None:  # noqa: ARG002
        """Count the samples."""
        self.samples += len(values)

    def close(self) -> None:
        """Nothing to finish."""

    def abort(self) -> None:
        """Nothing to drop."""


class TargetFile:
    """A file for writing, by path or given: all of each write reaches it, and a path is filled in one step.

    A new or ordinary file is written under a temporary name beside it and renamed by `commit`; a device, a pipe or
    a file object is written directly. After `discard` all writes go nowhere. Raises OutputError.
    """

    def __init__(self, target: Target) -> None:
        self.name = os.fspath(target) if isinstance(target, (str, os.PathLike)) else "<output>"
        self._part: str | None = None
        self._dropped = False
        self._owned = isinstance(target, (str, os.PathLike))
        if not isinstance(target, (str, os.PathLike)):
            self._file = target
        else:
            path = self.name
            if os.path.isdir(path):
                raise OutputError(f"{path}: is a directory, expected a file name")
            if not os.path.exists(path) or os.path.isfile(path):
                folder, base = os.path.split(os.path.realpath(path))
                self._part = os.path.join(folder, f".{base}.{os.getpid()}.part")
            with translated(self.name):
                self._file = open(self._part or path, "wb")  # noqa: SIM115 - closed by commit or discard
        self._seekable = _is_seekable(self._file)

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

    def commit(self) -> None:
        """Finish: flush, close a file that was opened here, and give it its name."""
        with translated(self.name):
            self.flush()
            if self._owned:
                self._file.close()
            if self._part is not None:
                os.replace(self._part, os.path.realpath(self.name))
                self._part = None

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


class DigestSink(BaseSink):
    """One line of text for each frame and each block of sound: stream, pts, size in bytes, SHA-256.

    Streams are 0 for the picture, 1 for the sound; bytes are hashed as they are given, little-endian.
    """

    def __init__(self, target: Target, video: VideoStream | None, audio: AudioStream | None) -> None:
        super().__init__()
        self._file = TargetFile(target)
        self._line("#stream, pts, size, sha256")
        if video is not None:
            self._line(f"#time_base 0: {video.time_base}")
        if audio is not None:
            self._line(f"#time_base 1: {audio.time_base}")

    def write_video(self, values: NDArray[Any], pts: NDArray[np.int64], last_duration: int) -> None:  # noqa: ARG002
        """Write a line for each frame."""
        for frame, time in zip(values, pts, strict=True):
            self._digest(0, int(time), frame)

    def write_audio(self, values: NDArray[np.float32], pts: int) -> None:
        """Write a line for the block."""
        self._digest(1, pts, values)

    def close(self) -> None:
        """Finish the text."""
        self._file.commit()

    def abort(self) -> None:
        """Drop the text."""
        self._file.discard()

    def _digest(self, stream: int, pts: int, values: NDArray[Any]) -> None:
        data = values.astype(values.dtype.newbyteorder("<")).tobytes()
        self._line(f"{stream}, {pts}, {len(data)}, {hashlib.sha256(data).hexdigest()}")

    def _line(self, text: str) -> None:
        with translated(self._file.name):
            self._file.write(text.encode() + b"\n")


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn an OSError into an OutputError that names the target; BrokenPipeError passes."""
    try:
        yield
    except (BrokenPipeError, OutputError, InputError):
        raise
    except OSError as error:
        raise OutputError(f"{name}: cannot be written ({error.strerror or error})") from None


def _is_seekable(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable()) if seekable is not None else False
