"""What a source's streams are, as `inrv_format.streams` has it, and what of the source is not kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

import av
import av.container
import av.stream
from inrv_format.streams import AudioStream, VideoStream

from invr.media.colour import FULL, LIMITED, chroma_of, depth_of, has_alpha, is_full_range
from invr.media.sound import layout_name

UNSPECIFIED = 2
KNOWN_MATRICES = (0, 1, 2, 4, 5, 6, 7, 9, 10)
HDR_SIDE_DATA = ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL", "DYNAMIC_HDR_PLUS", "DOVI_METADATA")


def fraction(value: object) -> Fraction:
    """An FFmpeg rational as a Fraction; 0 for an unknown one."""
    if not value:
        return Fraction(0)
    return Fraction(int(value.numerator), int(value.denominator))  # type: ignore[attr-defined]


def video_stream(
    stream: av.VideoStream, frame: av.VideoFrame, size: tuple[int, int] | None, warn: Callable[[str], None]
) -> VideoStream:
    """The stream's description, from its header and its first decoded frame; `size` is what it is scaled to."""
    context = stream.codec_context
    width, height = size or (frame.width, frame.height)
    shape = fraction(context.sample_aspect_ratio) or fraction(stream.sample_aspect_ratio) or Fraction(1)
    shape *= Fraction(frame.width * height, width * frame.height)
    chroma = chroma_of(frame.format)
    matrix = int(frame.colorspace)
    if matrix not in KNOWN_MATRICES:
        warn(f"the colour matrix {matrix} is not known here and read as BT.601")
        matrix = UNSPECIFIED
    color_range = int(frame.color_range)
    if color_range == 0 and is_full_range(frame.format, 0):
        color_range = FULL
    return VideoStream(
        width=width,
        height=height,
        time_base=fraction(stream.time_base),
        chroma=chroma,
        bit_depth=depth_of(frame.format),
        color_range=color_range if color_range in (LIMITED, FULL) else 0,
        matrix=matrix if chroma != "rgb" else 0,
        primaries=_code_point(context.color_primaries),
        transfer=_code_point(context.color_trc),
        sample_aspect_ratio=shape.limit_denominator(65535),
        rotation=_rotation(frame, warn),
        field_order=_field_order(context, frame),
        average_rate=fraction(stream.average_rate),
    )


def audio_stream(stream: av.AudioStream) -> AudioStream:
    """The stream's description, from its header."""
    context = stream.codec_context
    return AudioStream(
        sample_rate_hz=context.sample_rate,
        channels=len(context.layout.channels),
        layout=layout_name(context.layout.name, len(context.layout.channels)),
        bit_depth=_sample_depth(context),
    )


def warn_of_frame(stream: av.VideoStream, frame: av.VideoFrame, warn: Callable[[str], None]) -> None:
    """Name what the first frame shows and that is not kept."""
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if has_alpha(frame.format) or tags.get("alpha_mode") == "1":
        warn("the alpha channel is not kept")
    if frame.interlaced_frame:
        warn("interlaced fields are stored as whole frames")
    if _is_mastered(frame):
        warn("HDR mastering metadata is not kept")


def warn_of_streams(
    container: av.container.InputContainer,
    kept: Sequence[av.stream.Stream],
    unwanted: set[str],
    warn: Callable[[str], None],
) -> None:
    """Name the container's streams that are not read, but for the kinds that the caller did not want."""
    names = {"video": "video tracks", "audio": "audio tracks", "subtitle": "subtitles", "data": "data streams"}
    for stream in container.streams:
        if stream.type in unwanted or any(stream.index == other.index for other in kept):
            continue
        if is_picture(stream):
            warn("an attached picture is not kept")
        elif stream.type in ("video", "audio"):
            warn(f"further {names[stream.type]} are not kept")
        else:
            warn(f"{names.get(stream.type, 'attachments')} are not kept")


def is_picture(stream: av.stream.Stream) -> bool:
    """Whether a video stream is a cover picture of a sound file rather than a video."""
    return stream.type == "video" and bool(stream.disposition & av.stream.Disposition.attached_pic)


def _is_mastered(frame: av.VideoFrame) -> bool:
    try:
        side_data = frame.side_data
    except ValueError:
        # PyAV to 18 fails over the kinds it has no name for: of TIFF and JPEG, EXIF.
        return False
    return any(side_data.get(name) is not None for name in HDR_SIDE_DATA)


def _code_point(value: object) -> int:
    number = int(value) if isinstance(value, int) else UNSPECIFIED
    return number if 0 < number < 256 else UNSPECIFIED


def _rotation(frame: av.VideoFrame, warn: Callable[[str], None]) -> int:
    """Clockwise degrees; FFmpeg's display matrix counts the other way."""
    clockwise = -int(frame.rotation) % 360
    nearest = round(clockwise / 90) * 90 % 360
    if clockwise != nearest:
        warn(f"the rotation by {clockwise} degrees is kept as {nearest}")
    return nearest


def _field_order(context: av.VideoCodecContext, frame: av.VideoFrame) -> int:
    order = int(getattr(context, "field_order", 0))  # PyAV before 18 does not tell
    if frame.interlaced_frame and order == 1:
        return 0
    return order if 0 <= order <= 5 else 0


def _sample_depth(context: av.AudioCodecContext) -> int:
    found = re.match(r"pcm_[a-z](\d+)", context.codec.name)
    if found:
        return int(found[1])
    if context.format.packed.name == "u8":
        return 8
    return 24 if context.format.packed.name == "s32" else 16
