"""`.inrv` files while they are written, and what an encode has to say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from inrv_format.chunk import Chunk
from inrv_format.streams import Stream
from inrv_format.writer import Writer

from invr.encode_chunk import AUDIO_ID, VIDEO_ID, EncodedChunk
from invr.goals import Outcome
from invr.metrics.fidelity import CEILING_DB
from invr.output import TargetFile, translated


@dataclass(frozen=True, slots=True)
class EncodeResult:
    """What an encode wrote: bytes of the whole file, quality as its bytes decode, and what could not be kept.

    `psnr_db` is the mean over frames, `snr_db` the mean over chunks that are not silent; NaN without any. `outcomes`
    says of each part of a goal whether it was reached; a file that missed it is complete all the same. `resumed` is
    how many of the chunks an earlier start had finished.
    """

    bytes_written: int
    chunks: int
    frames: int
    samples: int
    psnr_db: float
    snr_db: float
    duration_s: float
    warnings: tuple[str, ...]
    outcomes: tuple[Outcome, ...] = ()
    resumed: int = 0


class Output:
    """One file that is written, and the sums over its chunks."""

    def __init__(self, file: TargetFile, streams: Mapping[int, Stream], tags: Mapping[str, str]) -> None:
        self._file = file
        self.totals = Totals(streams)
        with translated(file.name):
            self._writer = Writer(file, streams, tags)

    @property
    def name(self) -> str:
        """Of the file."""
        return self._file.name

    @property
    def bytes_written(self) -> int:
        """So far."""
        return self._writer.bytes_written

    @property
    def framing_bytes(self) -> int:
        """Of the whole file if it ended after a chunk without content."""
        return self._writer.finished_bytes(0)

    def write(self, encoded: EncodedChunk) -> None:
        """Write one chunk."""
        with translated(self._file.name):
            self._writer.write_content(encoded.chunk, encoded.content)
            self._file.flush()
        self.totals.add(encoded.chunk)

    def finish(self, warnings: tuple[str, ...]) -> EncodeResult:
        """Write what comes last."""
        with translated(self._file.name):
            self._writer.close()
        return self.totals.result(self._writer.bytes_written, warnings)


class Totals:
    """Sums over the chunks written so far."""

    def __init__(self, streams: Mapping[int, Stream]) -> None:
        self._streams = streams
        self.chunks = self.frames = self.samples = 0
        self._psnr_sum, self._snr_sum, self._heard = 0.0, 0.0, 0
        self._video_s = self._sound_s = 0.0

    @property
    def duration_s(self) -> float:
        """Media time covered."""
        return max(self._video_s, self._sound_s)

    def add(self, chunk: Chunk) -> None:
        """Count one more."""
        self.chunks += 1
        if chunk.video:
            self.frames += len(chunk.video.pts)
            self._psnr_sum += len(chunk.video.pts) * chunk.video.psnr_db
            self._video_s = float(chunk.video.end_pts * self._streams[VIDEO_ID].time_base)
        if chunk.audio:
            self.samples += chunk.audio.sample_count - chunk.audio.overlap
            if chunk.audio.snr_db < CEILING_DB:  # not silence
                self._snr_sum += chunk.audio.snr_db
                self._heard += 1
            end = chunk.audio.pts + chunk.audio.sample_count
            self._sound_s = float(end * self._streams[AUDIO_ID].time_base)

    def result(self, bytes_written: int, warnings: tuple[str, ...]) -> EncodeResult:
        """All of it, with the bytes of the file."""
        psnr_db = self._psnr_sum / self.frames if self.frames else math.nan
        snr_db = self._snr_sum / self._heard if self._heard else math.nan
        return EncodeResult(
            bytes_written, self.chunks, self.frames, self.samples, psnr_db, snr_db, self.duration_s, warnings
        )
