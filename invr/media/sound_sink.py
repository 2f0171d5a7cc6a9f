"""`SoundSink`: sound alone into WAV, FLAC or Ogg by soundfile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import soundfile
from inrv_format.errors import InputError, OutputError
from inrv_format.streams import AudioStream
from numpy.typing import NDArray

from invr.media.sinks import BaseSink
from invr.media.sound import sample_codes
from invr.media.sound_track import SampleLine
from invr.output import Target, TargetFile, translated

SOUNDFILE_FORMATS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG"}


class SoundSink(BaseSink):
    """Writes sound to a seekable target; integers up to 16 bits are kept exactly.

    WAV holds 16-bit integers, or floats for deeper sound; FLAC 16 or 24 bits; Ogg holds Vorbis. Raises OutputError.
    """

    takes_video = False

    def __init__(self, target: Target, muxer: str, audio: AudioStream) -> None:
        super().__init__()
        deep = audio.bit_depth > 16
        subtype = {"wav": "FLOAT" if deep else "PCM_16", "flac": "PCM_24" if deep else "PCM_16"}.get(muxer, "VORBIS")
        self._codes = {"PCM_16": "s16", "PCM_24": "s32"}.get(subtype, "flt")
        self._line = SampleLine(starts_at_zero=True)
        self._sound: Any = None
        self._file = TargetFile(target)
        self._calls = _Calls(self._file)
        try:
            with self._writing():
                self._sound = soundfile.SoundFile(
                    self._calls, "w", audio.sample_rate_hz, audio.channels, subtype, format=SOUNDFILE_FORMATS[muxer]
                )
        except BaseException:
            self.abort()
            raise

    def write_video(self, values: NDArray[Any], pts: NDArray[np.int64], last_duration: int) -> None:  # noqa: ARG002
        """Ignored: the target has no picture."""
        self.warn("the target takes no picture")

    def write_audio(self, values: NDArray[np.float32], pts: int) -> None:
        """Write samples; silence fills a gap."""
        joined, _ = self._line.joined(values, pts)
        with self._writing():
            self._sound.write(sample_codes(joined, self._codes))

    def close(self) -> None:
        """Write the header's sizes and give the file its name."""
        with self._writing():
            self._sound.close()
        self._file.commit()

    def abort(self) -> None:
        """Drop what was written."""
        self._file.drop()
        if self._sound is not None:
            with contextlib.suppress(Exception):  # the error that led here is the one to report
                self._sound.close()
        self._file.discard()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with translated(self._file.name):
            try:
                yield
            except AssertionError:  # soundfile's word for less that was written
                if self._calls.error is None:
                    raise
            except soundfile.LibsndfileError as error:
                if self._calls.error is not None:
                    raise self._calls.error from None
                raise OutputError(f"{self._file.name}: cannot be written ({error.error_string})") from None
            except ValueError as error:
                raise InputError(f"{self._file.name}: {error}") from None
            if self._calls.error is not None:
                raise self._calls.error


class _Calls:
    """The file as libsndfile calls it: no exception comes through C, so the first is kept here, and all is over."""

    def __init__(self, file: TargetFile) -> None:
        self._file = file
        self.error: Exception | None = None

    def write(self, data: bytes) -> int:
        return self._tried(lambda: self._file.write(data))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._tried(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        return self._tried(self._file.tell)

    def _tried(self, call: Callable[[], int]) -> int:
        if self.error is None:
            try:
                return call()
            except Exception as error:
                self.error = error
        return 0
