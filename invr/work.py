"""What a decode takes: multiply-adds, points and bytes, beside those of the whole file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from inrv_format.chunk import Chunk
from inrv_format.index import IndexEntry
from inrv_format.reader import Reader
from inrv_format.streams import AUDIO, VideoStream

from invr.crop import Crop
from invr.decode_chunk import networks, picture_views
from invr.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Work:
    """What was evaluated and read, and what the whole file has; None where a pipe does not tell.

    `macs` are multiply-adds as the networks' Specs count them, for `pixels` and `samples`: what lies under two tiles
    or in two chunks counts twice. `chunks` are those that were decoded. `whole_macs` is for all chunks at their
    stored size; chunks that were not read are taken to need as much for each byte and point as those that were.
    """

    macs: int
    pixels: int
    samples: int
    chunks: int
    bytes_read: int
    whole_macs: int | None = None
    whole_chunks: int | None = None
    whole_bytes: int | None = None

    @property
    def share(self) -> float | None:
        """Multiply-adds per those of the whole file; None where these are unknown or none at all."""
        return self.macs / self.whole_macs if self.whole_macs else None

    @property
    def exact(self) -> bool:
        """Whether all chunks were read, so that the share is no estimate."""
        return self.chunks == self.whole_chunks


class WorkCount:
    """Adds up what is evaluated of a file."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._macs = self._pixels = self._samples = 0
        self._whole: dict[int, int] = {}

    def add_chunk(self, chunk: Chunk) -> None:
        """A chunk that is decoded, in part or whole."""
        self._whole[chunk.index] = chunk.macs

    def add_frame(self, macs: int, pixels: int) -> None:
        """One frame, for what `frame_work` says of it."""
        self._macs += macs
        self._pixels += pixels

    def add_sound(self, chunk: Chunk) -> None:
        """The sound of a chunk, all of it."""
        sounds = [unit for unit in networks(chunk) if unit.spec.MEDIA & AUDIO]
        self._macs += sum(unit.spec.macs(replace(unit.domain, frames=0)) for unit in sounds)
        self._samples += chunk.audio.sample_count if chunk.audio else 0

    def result(self, *, whole: bool) -> Work:
        """The work so far; `whole` says that all chunks of a pipe have come by."""
        macs, chunks, index = sum(self._whole.values()), len(self._whole), self._reader.index
        work = Work(self._macs, self._pixels, self._samples, chunks, self._reader.bytes_read)
        if index is None:
            return replace(work, whole_macs=macs, whole_chunks=chunks) if whole else work
        weights = {entry.chunk: _weight(entry, self._reader.video) for entry in index.entries}
        seen = sum(weights[number] for number in self._whole)
        unseen = sum(weights.values()) - seen
        return replace(
            work,
            whole_macs=macs + round(macs * unseen / seen) if seen else None,
            whole_chunks=len(index.entries),
            whole_bytes=self._reader.file_length,
        )


def frame_work(chunk: Chunk, stream: VideoStream, size: tuple[int, int], crop: Crop) -> tuple[int, int]:
    """Multiply-adds and pixels of one frame of `crop` of the picture at `size` (width, height), both unrotated."""
    macs = pixels = 0
    units = networks(chunk)
    for view in picture_views(chunk, stream, size, crop):
        unit, height, width = units[view.place], len(view.grid.y), len(view.grid.x)
        macs += unit.spec.macs(replace(unit.domain, frames=1, height=height, width=width, samples=0))
        pixels += height * width
    return macs, pixels


def foreseen_share(timeline: Timeline) -> float | None:
    """About what `Work.share` will be, by the index alone; None for a pipe.

    A chunk is taken to need its bytes times its points: a network's bytes follow its weights.
    """
    index, video, config = timeline.reader.index, timeline.video, timeline.config
    if index is None or timeline.wanted is None:
        return None
    stored = video.width * video.height if video else 1
    out = timeline.video_out
    area = Fraction(out.width * out.height, stored) if out else Fraction(1)
    frames_left, wanted = Fraction(config.frames or 0), Fraction(0)
    for place in timeline.wanted:
        entry, part = index.entries[place], Fraction(1)
        if entry.frame_count and video:
            frames = timeline.foreseen_frames(place)
            if config.frames:
                frames = min(frames, frames_left)
                frames_left -= frames
            part = frames / entry.frame_count * area
        wanted += part * _weight(entry, video)
    whole = sum(_weight(entry, video) for entry in index.entries)
    return float(wanted / whole) if whole else None


def _weight(entry: IndexEntry, video: VideoStream | None) -> int:
    """A chunk's bytes times its pixels and samples."""
    pixels = video.width * video.height if video else 0
    return entry.length * (entry.frame_count * pixels + entry.sample_count)
