"""Which muxer, codec and pixel format a target gets where the caller leaves it open."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from inrv_format.errors import OptionError
from inrv_format.streams import AudioStream, VideoStream

from invr.media.colour import DEPTHS, chroma_of, depth_of
from invr.media.config import WriteConfig
from invr.output import Target

PIPE_FORMAT = "matroska"
ALIASES = {
    "mkv": "matroska",
    "y4m": "yuv4mpegpipe",
    "m4a": "ipod",
    "jpeg": "jpg",
    "tif": "tiff",
    "framemd5": "digest",
    "md5": "digest",
}
EXTENSIONS = {
    "mp4": "mp4", "m4v": "mp4", "mov": "mov", "mkv": "matroska", "mka": "matroska", "nut": "nut", "webm": "webm",
    "y4m": "yuv4mpegpipe", "avi": "avi", "ts": "mpegts", "gif": "gif", "wav": "wav", "flac": "flac", "ogg": "ogg",
    "oga": "ogg", "mp3": "mp3", "opus": "opus", "m4a": "ipod", "png": "png", "jpg": "jpg", "jpeg": "jpg",
    "bmp": "bmp", "tif": "tiff", "tiff": "tiff", "webp": "webp", "null": "null", "digest": "digest",
}  # fmt: skip
IMAGE_CODECS = {"png": "png", "jpg": "mjpeg", "bmp": "bmp", "tiff": "tiff", "webp": "libwebp"}
SOUND_FORMATS = ("wav", "flac", "ogg", "mp3", "opus", "ipod")
SOUND_EXTENSIONS = (".mka",)
SOUNDLESS_FORMATS = ("yuv4mpegpipe", "gif")
# delay_moov, so that the index can tell of the delays of the encoders.
FRAGMENTED = "frag_keyframe+empty_moov+default_base_moof+delay_moov"
# Codecs that refuse 4:2:0 and 4:2:2 pictures of odd size.
EVEN_CODECS = ("libx264", "libx265", "h264", "hevc", "mpeg4")
# Players of these expect 4:2:0, so grey is written as such.
NO_GRAY_CODECS = ("libx264", "libx265", "libvpx-vp9", "mpeg4")
# Codecs whose Y, Cb and Cr are full-range, in formats with names of their own.
FULL_RANGE_CODECS = ("mjpeg",)
# Codecs whose clock is the frame rate: none finer than 1/65535, or only the rates of a table.
RATED_CODECS = ("mpeg4", "mpeg1video", "mpeg2video")
TRANSPARENT_CRF = {"libx264": 12, "libx265": 12, "libvpx-vp9": 15, "libsvtav1": 15}


@dataclass(frozen=True, slots=True)
class Codecs:
    """A muxer's default codecs; None where it takes no such stream."""

    video: str | None
    audio: str | None


DEFAULT_CODECS = {
    "mp4": Codecs("libx264", "aac"),
    "mov": Codecs("libx264", "aac"),
    "matroska": Codecs("ffv1", "flac"),
    "nut": Codecs("rawvideo", "pcm_s16le"),
    "webm": Codecs("libvpx-vp9", "libopus"),
    "yuv4mpegpipe": Codecs("rawvideo", None),
    "avi": Codecs("ffv1", "pcm_s16le"),
    "mpegts": Codecs("libx264", "aac"),
    "gif": Codecs("gif", None),
    "wav": Codecs(None, "pcm_s16le"),
    "flac": Codecs(None, "flac"),
    "ogg": Codecs(None, "libopus"),
    "mp3": Codecs(None, "libmp3lame"),
    "opus": Codecs(None, "libopus"),
    "ipod": Codecs(None, "aac"),
    "aiff": Codecs(None, "pcm_s16be"),
    "caf": Codecs(None, "pcm_s16le"),
}


def muxer_name(target: Target, config: WriteConfig) -> str:
    """The muxer asked for, or by the target's extension, or Matroska for a file object.

    Raises OptionError for an unknown name or extension.
    """
    if config.format is not None:
        name = ALIASES.get(config.format, config.format)
        if name not in DEFAULT_CODECS and name not in IMAGE_CODECS and name not in ("null", "digest"):
            _require_muxer(name)
        return name
    if not isinstance(target, (str, os.PathLike)):
        return PIPE_FORMAT
    path = os.fspath(target)
    extension = os.path.splitext(path)[1].lower().removeprefix(".")
    if path.startswith("/dev/") and not extension:
        return PIPE_FORMAT
    if extension not in EXTENSIONS:
        allowed = ", ".join(sorted(EXTENSIONS))
        raise OptionError(f"{path}: no format is known for the extension '{extension}'; known are {allowed}")
    return EXTENSIONS[extension]


def codecs_for(muxer: str, config: WriteConfig, audio: AudioStream | None) -> Codecs:
    """The codecs to use: those asked for, else the muxer's defaults, PCM as deep as the sound."""
    chosen = DEFAULT_CODECS.get(muxer) or _ffmpeg_codecs(muxer)
    sound = chosen.audio
    if sound == "pcm_s16le" and audio is not None and audio.bit_depth > 16:
        sound = "pcm_f32le"
    return Codecs(config.video_codec or chosen.video, config.audio_codec or sound)


def known_rate(codec: av.Codec, rate: Fraction) -> Fraction:
    """The frame rate nearest to `rate` that an encoder takes; MPEG-2, for one, has a table."""
    rates = [Fraction(each.numerator, each.denominator) for each in codec.frame_rates or ()]
    return min(rates, key=lambda each: abs(each - rate)) if rates else rate


def takes_any_time(muxer: str) -> bool:
    """Whether frames can be shown at any time; else there is a frame rate."""
    return _has_flag(muxer, av.format.Flags.variable_fps)


def takes_gaps(muxer: str) -> bool:
    """Whether a frame can be shown for longer than the others."""
    return muxer != "yuv4mpegpipe" and not _has_flag(muxer, av.format.Flags.no_timestamps)


def _has_flag(muxer: str, flag: av.format.Flags) -> bool:
    return bool(int(av.ContainerFormat(muxer, "w").flags) & cast("int", flag.value))


def _ffmpeg_codecs(muxer: str) -> Codecs:
    """H.264 and AAC where the muxer takes them, else what FFmpeg puts into it."""
    with av.open(io.BytesIO(), "w", format=muxer) as container:
        taken = container.supported_codecs
        defaults = container.default_video_codec, container.default_audio_codec
    found = []
    for default, preferred, name in zip(defaults, ("h264", "aac"), ("libx264", "aac"), strict=True):
        wanted = name if preferred in taken else default
        found.append(None if default == "none" else _encoder_name(wanted))
    return Codecs(*found)


def _encoder_name(codec: str) -> str:
    try:
        return av.Codec(codec, "w").name
    except ValueError:
        return codec  # which `encoder` refuses by its name


def encoder(name: str, kind: str) -> av.Codec:
    """The encoder of that name; raises OptionError where there is none of that kind."""
    try:
        codec = av.Codec(name, "w")
    except ValueError:
        raise OptionError(f"{kind}_codec is {name}, which is no encoder of this FFmpeg") from None
    if codec.type != kind:
        raise OptionError(f"{kind}_codec is {name}, which encodes {codec.type}")
    return codec


def choose_pix_fmt(codec: av.Codec, muxer: str, video: VideoStream, asked: str | None) -> tuple[str, str | None]:
    """The pixel format nearest to the stream's that the encoder takes, and a warning where it differs.

    Raises OptionError where `asked` is not a pixel format or not one that the encoder takes.
    """
    offered = [pixel_format.name for pixel_format in codec.video_formats or ()]
    if codec.name in FULL_RANGE_CODECS:
        offered = [name for name in offered if name.startswith("yuvj")] or offered
    if asked is not None:
        try:
            av.VideoFormat(asked)
        except ValueError:
            raise OptionError(f"pix_fmt is {asked}, which FFmpeg does not know") from None
        if offered and asked not in offered:
            raise OptionError(f"pix_fmt is {asked}, {codec.name} takes {', '.join(offered)}")
        return asked, None
    odd = bool(video.width % 2 and video.chroma in ("420", "422")) or bool(video.height % 2 and video.chroma == "420")
    odd = odd and codec.name in EVEN_CODECS
    bases = _bases("444" if odd else video.chroma)
    if muxer == "yuv4mpegpipe":
        bases = [base for base in bases if base not in ("rgb", "gbrp")]
    if codec.name in NO_GRAY_CODECS:
        bases = [base for base in bases if base != "gray"]
    if video.chroma == "gray" and codec.name in EVEN_CODECS and (video.width % 2 or video.height % 2):
        bases, odd = _bases("444"), True
    chosen = next(
        (name for name in _candidates(bases, video.bit_depth) if not offered or name in offered),
        offered[0] if offered else "yuv420p",
    )
    if odd:
        return chosen, f"the odd size {video.width}x{video.height} is written as {chosen}"
    found = av.VideoFormat(chosen)
    exact = (chroma_of(found), depth_of(found)) == (video.chroma, video.bit_depth)
    return chosen, None if exact else f"{video.pix_fmt} is written as {chosen}"


def _bases(chroma: str) -> list[str]:
    if chroma == "gray":
        return ["gray", "yuv420p", "yuv444p"]
    if chroma == "rgb":
        return ["rgb", "gbrp", "yuv444p", "yuvj444p", "yuv420p", "yuvj420p"]
    larger = {"420": ["420", "422", "444"], "422": ["422", "444", "420"], "444": ["444", "422", "420"]}[chroma]
    return [f"yuv{kind}p" for kind in larger] + [f"yuvj{kind}p" for kind in larger] + ["gbrp", "rgb"]


def _candidates(bases: list[str], bits: int) -> list[str]:
    """Names by falling fitness: the depth first (deeper before shallower), then the chroma."""
    depths = [depth for depth in DEPTHS if depth >= bits] + [depth for depth in reversed(DEPTHS) if depth < bits]
    names = []
    for depth in depths:
        for base in bases:
            if base == "rgb":
                names += {8: ["rgb24", "bgr0", "bgr24", "bgra"], 16: ["rgb48le", "rgb48be"]}.get(depth, [])
            elif depth == 8:
                names.append(base)
            elif not base.startswith("yuvj"):
                names += [f"{base}{depth}le", f"{base}{depth}be"]
    return names


def _require_muxer(name: str) -> None:
    try:
        known = av.ContainerFormat(name, "w")
    except ValueError:
        known = None
    if known is None or not known.is_output:
        raise OptionError(f"format is {name}, which is no output format of this FFmpeg")
