"""`SourceChunks`: for each chunk of a file the part of its source that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inrv_format.chunk import Chunk
from inrv_format.errors import InputError
from inrv_format.reader import Reader
from inrv_format.streams import AudioStream

from invr.media import GivenLengths, MediaReader
from invr.signals import Signal


class SourceChunks:
    """A source, cut where the `chunks` of a file are; asked for them in order, it is read as far as needed.

    Raises InputError where pictures or sound are not of the kind that the file has.
    """

    def __init__(self, reader: Reader, chunks: Sequence[Chunk], media: MediaReader) -> None:
        if media.video is not None and media.video != reader.video:
            raise InputError("the source's pictures are not of the kind that the file has")
        if media.audio is not None and (reader.audio is None or _kind(media.audio) != _kind(reader.audio)):
            raise InputError("the source's sound is not of the kind that the file has")
        spans = [chunk.video for chunk in chunks if chunk.video]
        lengths = [len(span.pts) for span in spans]
        if spans and spans[0].first_frame:
            lengths.insert(0, spans[0].first_frame)  # the frames before a part
        self._signals = media.chunks(GivenLengths(lengths) if spans and media.video else None)

    def of(self, chunk: Chunk) -> Signal:
        """What a chunk was made of, with its index; InputError where the source has no such frames or samples."""
        for signal in self._signals:
            if _shows(chunk, signal):
                return replace(signal, index=chunk.index)
            if _is_behind(signal, chunk):
                break
        raise InputError(f"the source has not what chunk {chunk.index} shows: is it what the file was made of?")


def _kind(audio: AudioStream) -> tuple[int, int]:
    return audio.sample_rate_hz, audio.channels


def _shows(chunk: Chunk, signal: Signal) -> bool:
    """Whether all of a signal is what the chunk has frames and samples for."""
    if signal.video is not None:
        video = chunk.video
        if video is None or (signal.video.first_frame, tuple(signal.video.pts)) != (video.first_frame, video.pts):
            return False
    if signal.audio is not None:
        audio = chunk.audio
        if audio is None or (signal.audio.pts, len(signal.audio)) != (audio.pts, audio.sample_count):
            return False
    return True


def _is_behind(signal: Signal, chunk: Chunk) -> bool:
    if signal.video is not None and chunk.video is not None:
        return signal.video.first_frame >= chunk.video.first_frame
    if signal.audio is not None and chunk.audio is not None:
        return signal.audio.pts >= chunk.audio.pts
    return False
