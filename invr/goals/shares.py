"""How much of what is left, bytes or seconds, a chunk gets."""

from __future__ import annotations

from collections.abc import Mapping

from inrv_format.streams import Stream

from invr.config import Goal
from invr.encode_chunk import AUDIO_ID, VIDEO_ID
from invr.signals import Signal

UNKNOWN_SHARE = 0.5


def share(left: float, chunk_s: float, left_s: float | None, *, last: bool) -> float:
    """By media time: `chunk_s` seconds of `left_s`; all of it for the last chunk.

    What a chunk did not use, or used too much, is thus borne by all that follow. Where the length is not known
    (None, or a source that goes on beyond what it said), half of what is left.
    """
    if last:
        return left
    part = chunk_s / left_s if left_s and left_s > chunk_s else UNKNOWN_SHARE
    return left * part


def room(
    goal: Goal, framing_bytes: int, start_s: float, end_s: float, duration_s: float | None, *, last: bool
) -> float:
    """Bytes for the content of a chunk from `start_s` to `end_s` of a source that is `duration_s` long.

    `framing_bytes` is the size of the file if it ended after this chunk, and that without content. A size is shared;
    a bitrate allows what belongs to the time until the chunk's end.
    """
    if goal.size_bytes is not None:
        left_s = None if duration_s is None else duration_s - start_s
        return share(goal.size_bytes - framing_bytes, end_s - start_s, left_s, last=last)
    assert goal.bits_per_s is not None
    return goal.bits_per_s * end_s / 8 - framing_bytes


def end_of(signal: Signal, streams: Mapping[int, Stream]) -> float:
    """Where a signal ends, in seconds."""
    ends = [0.0]
    if signal.video:
        ticks = int(signal.video.pts[-1]) + signal.video.last_duration
        ends.append(float(ticks * streams[VIDEO_ID].time_base))
    if signal.audio:
        ends.append(float((signal.audio.pts + len(signal.audio)) * streams[AUDIO_ID].time_base))
    return max(ends)
