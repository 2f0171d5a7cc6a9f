"""Whether chunks follow each other as the file says they must (`spec/inrv.md` section 6)."""

from __future__ import annotations

from inrv_format.chunk import SECTION, AudioSpan, Chunk, VideoSpan
from inrv_format.errors import InvalidDataError, LimitError
from inrv_format.limits import DEFAULT_LIMITS, Limits


class ChunkOrder:
    """Remembers the last frames and the last sound, and refuses a chunk that does not follow on them (section 6)."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._index = -1
        self._video: VideoSpan | None = None
        self._audio: AudioSpan | None = None

    def admit(self, chunk: Chunk) -> None:
        """Check the next chunk; InvalidDataError, or LimitError for a silence that is too long."""
        if chunk.index <= self._index:
            raise InvalidDataError(f"chunk {chunk.index} follows chunk {self._index}", section=SECTION)
        if self._video and chunk.video:
            self._check_frames(self._video, chunk.video, chunk.index)
        if self._audio and chunk.audio:
            self._check_sound(self._audio, chunk.audio, chunk.index)
        self._index = chunk.index
        self._video, self._audio = chunk.video or self._video, chunk.audio or self._audio

    @staticmethod
    def _check_frames(before: VideoSpan, video: VideoSpan, index: int) -> None:
        if video.pts[0] <= before.pts[-1] or video.first_frame < before.first_frame + len(before.pts):
            raise InvalidDataError(f"frames of chunk {index} are out of order", section=SECTION)

    def _check_sound(self, before: AudioSpan, audio: AudioSpan, index: int) -> None:
        gap = audio.pts + audio.overlap - before.pts - before.sample_count
        counted = before.first_sample + before.sample_count - before.overlap
        out_of_order = gap < 0 or audio.first_sample < counted
        if out_of_order or (audio.overlap and (gap or audio.overlap > before.sample_count)):
            raise InvalidDataError(f"sound of chunk {index} does not follow on the one before", section=SECTION)
        if gap > self._limits.silence_samples:
            raise LimitError(f"{gap} samples of silence before chunk {index}", limit="silence_samples", section="9")
