"""`ImageSink`: one picture, or a numbered sequence of them."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any

import av
import av.error
import numpy as np
from inrv_format.errors import InputError, OutputError
from inrv_format.streams import VideoStream
from numpy.typing import NDArray

from invr.media.colour import values_frame
from invr.media.config import WriteConfig
from invr.media.container_sink import tag_colour
from invr.media.formats import IMAGE_CODECS, choose_pix_fmt, encoder
from invr.media.sinks import BaseSink
from invr.media.source import reason
from invr.output import Target, TargetFile, translated

NUMBER = re.compile(r"%0?\d*d")
OPTIONS = {"mjpeg": {"qmin": "2", "qmax": "2"}, "libwebp": {"lossless": "1"}}


class ImageSink(BaseSink):
    """Writes frame n (from 1) to the target's name with `%d` or `%04d` replaced; without it, one frame only.

    Raises InputError for a second frame without a number in the name, OutputError where a file cannot be written.
    """

    takes_audio = False

    def __init__(self, target: Target, muxer: str, video: VideoStream, config: WriteConfig) -> None:
        super().__init__()
        self._target = target
        self._codec = encoder(config.video_codec or IMAGE_CODECS[muxer], "video")
        self._video = replace(video, color_range=2) if muxer == "jpg" else video
        self._pix_fmt, difference = choose_pix_fmt(self._codec, muxer, video, config.pix_fmt)
        if difference is not None:
            self.warn(difference)
        self._count = 0
        self._written: list[str] = []

    def write_video(self, values: NDArray[Any], pts: NDArray[np.int64], last_duration: int) -> None:  # noqa: ARG002
        """Write each frame to a file of its own."""
        for picture in values:
            self._count += 1
            target = self._numbered()
            data = self._encoded(picture)
            file = TargetFile(target)
            try:
                with translated(file.name):
                    file.write(data)
                file.commit()
            except BaseException:
                file.discard()
                raise
            if isinstance(target, str):
                self._written.append(target)

    def write_audio(self, values: NDArray[np.float32], pts: int) -> None:  # noqa: ARG002
        """Ignored: a picture has no sound."""
        self.warn("a picture takes no sound")

    def close(self) -> None:
        """Nothing to finish: each picture is complete once written."""

    def abort(self) -> None:
        """Remove the pictures written so far."""
        for path in self._written:
            if os.path.isfile(path):
                os.remove(path)
        self._written.clear()

    def _numbered(self) -> Target:
        if not isinstance(self._target, (str, os.PathLike)):
            if self._count > 1:
                raise InputError("a file object takes one picture, and there are more")
            return self._target
        path = os.fspath(self._target)
        if NUMBER.search(path):
            return NUMBER.sub(lambda number: number[0] % self._count, path, count=1)
        if self._count > 1:
            raise InputError(f"{path}: there is more than one picture; put a number such as %04d in the name")
        return path

    def _encoded(self, picture: NDArray[Any]) -> bytes:
        context = av.CodecContext.create(self._codec, "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = self._video.width, self._video.height, self._pix_fmt
        context.time_base = self._video.time_base
        context.sample_aspect_ratio = self._video.sample_aspect_ratio
        tag_colour(context, self._video, self._pix_fmt)
        context.options = OPTIONS.get(self._codec.name, {})
        frame = values_frame(picture, self._video, self._pix_fmt)
        frame.pts = 0
        try:
            packets = [*context.encode(frame), *context.encode(None)]
        except av.error.FFmpegError as error:
            raise OutputError(f"the picture cannot be encoded ({reason(error)})") from None
        return b"".join(bytes(packet) for packet in packets)
