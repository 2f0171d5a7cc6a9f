"""`open_sink`: from a target's name, or the format asked for, to the sink that writes it."""

from __future__ import annotations

import os

from inrv_format.errors import InputError
from inrv_format.streams import AudioStream, VideoStream

from invr.media.config import WriteConfig
from invr.media.container_sink import ContainerSink
from invr.media.formats import IMAGE_CODECS, SOUND_EXTENSIONS, muxer_name
from invr.media.image_sink import ImageSink
from invr.media.sinks import DigestSink, NullSink, Sink
from invr.media.sound_sink import SOUNDFILE_FORMATS, SoundSink
from invr.output import Target

__all__ = ["Sink", "WriteConfig", "open_sink"]


def open_sink(target: Target, video: VideoStream | None, audio: AudioStream | None, config: WriteConfig) -> Sink:
    """Open `target` for the streams as they will be written: sizes are the output's, frames stand upright.

    A file appears under its name only when the sink is closed. Raises InputError for an unknown format or codec or
    one that does not take these streams, OutputError where the target cannot be written.
    """
    muxer = muxer_name(target, config)
    if video is None and audio is None:
        raise InputError("there is neither picture nor sound to write")
    if muxer == "null":
        return NullSink()
    if muxer == "digest":
        return DigestSink(target, video, audio)
    if muxer in IMAGE_CODECS:
        if video is None:
            raise InputError(f"format is {muxer}, which takes a picture, and there is none")
        pictures = ImageSink(target, muxer, video, config)
        if audio is not None:
            pictures.warn("a picture takes no sound")
        return pictures
    by_soundfile = muxer in SOUNDFILE_FORMATS and config.audio_codec is None
    if by_soundfile and audio is not None and _is_seekable(target):
        sound = SoundSink(target, muxer, audio)
        if video is not None:
            sound.warn("the target takes no picture")
        return sound
    only_sound = audio is not None and isinstance(target, (str, os.PathLike)) and _is_of_sound(os.fspath(target))
    sink = ContainerSink(target, muxer, None if only_sound else video, audio, config)
    if only_sound and video is not None:
        sink.warn("the target takes no picture")
    return sink


def _is_of_sound(path: str) -> bool:
    return path.lower().endswith(SOUND_EXTENSIONS)


def _is_seekable(target: Target) -> bool:
    if isinstance(target, (str, os.PathLike)):
        return not os.path.exists(target) or os.path.isfile(target)
    seekable = getattr(target, "seekable", None)
    return seekable is not None and bool(seekable())
