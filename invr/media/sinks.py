"""What every sink can do, and the two that need no library: `NullSink` and `DigestSink`."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from inrv_format.streams import AudioStream, VideoStream
from numpy.typing import NDArray

from invr.output import Target, TargetFile, translated


class Sink(Protocol):
    """Where pictures and sound go; a context manager that aborts on an exception and else closes.

    `warnings` names, one short sentence each, what the target does not keep as it was given. What it does not take
    need not be given at all.
    """

    takes_video: bool
    takes_audio: bool

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

    takes_video = True
    takes_audio = True

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
