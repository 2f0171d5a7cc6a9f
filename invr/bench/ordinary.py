"""The codecs that a user would otherwise pick, each with the settings that make its table line."""

from __future__ import annotations

from dataclasses import dataclass, field

# Without info=0 every file carries 2.3 kB of text about its encoder, a third of a short clip at a low rate.
X265_PLAIN = {"x265-params": "log-level=none:info=0"}


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """`encoder`, `options` and `pix_fmt` in FFmpeg's names; a rate is a rate factor (`crf`) or a quantizer (`q`)."""

    encoder: str
    rate: str
    ending: str = ".mp4"
    options: dict[str, str] = field(default_factory=dict)
    pix_fmt: str = "yuv420p"


@dataclass(frozen=True, slots=True)
class SoundCodec:
    """`encoder` in FFmpeg's name; the rate is in kbit/s."""

    encoder: str
    ending: str


@dataclass(frozen=True, slots=True)
class StillCodec:
    """`codec` of `invr.media.stills`; the rate is Pillow's quality."""

    codec: str
    ending: str


VIDEO_CODECS: dict[str, VideoCodec] = {
    "x264-medium": VideoCodec("libx264", "crf", options={"preset": "medium"}),
    "x264-veryslow": VideoCodec("libx264", "crf", options={"preset": "veryslow"}),
    "x265-medium": VideoCodec("libx265", "crf", options={"preset": "medium"} | X265_PLAIN),
    "x265-veryslow": VideoCodec("libx265", "crf", options={"preset": "veryslow"} | X265_PLAIN),
    "svtav1": VideoCodec("libsvtav1", "crf", options={"preset": "6"}),
    "svtav1-4": VideoCodec("libsvtav1", "crf", options={"preset": "4"}),
    "mpeg2video": VideoCodec("mpeg2video", "q"),
    "mpeg4": VideoCodec("mpeg4", "q"),
}
SOUND_CODECS: dict[str, SoundCodec] = {
    "mp3": SoundCodec("libmp3lame", ".mp3"),
    "opus": SoundCodec("libopus", ".ogg"),
    "aac": SoundCodec("aac", ".m4a"),
}
STILL_CODECS: dict[str, StillCodec] = {
    "jpeg": StillCodec("jpeg", ".jpg"),
    "webp": StillCodec("webp", ".webp"),
    "avif": StillCodec("avif", ".avif"),
    "jxl": StillCodec("jxl", ".jxl"),
}
