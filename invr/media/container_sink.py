"""`ContainerSink`: pictures and sound through FFmpeg's encoders into one of its muxers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Any

import av
import av.container
import av.error
import av.filter
import numpy as np
from inrv_format.errors import InputError, OutputError
from inrv_format.streams import AudioStream, VideoStream
from numpy.typing import NDArray

from invr.media.colour import FULL, LIMITED, chroma_of, values_frame
from invr.media.config import WriteConfig
from invr.media.formats import (
    FRAGMENTED,
    RATED_CODECS,
    SOUND_FORMATS,
    TRANSPARENT_CRF,
    choose_pix_fmt,
    codecs_for,
    encoder,
    known_rate,
    takes_any_time,
    takes_gaps,
)
from invr.media.frame_grid import FrameGrid
from invr.media.logs import captured_logs
from invr.media.sinks import BaseSink
from invr.media.sound import DEFAULT_LAYOUTS, layout_name
from invr.media.sound_track import SoundTrack
from invr.media.source import reason
from invr.output import Target, TargetFile, translated

MOV_MUXERS = ("mp4", "mov", "ipod")
MAX_TIMESCALE = 2**31 - 1
# Codecs whose own bits tell the sample aspect ratio.
SHAPED_CODECS = ("libx264", "libx265", "mpeg4")
LOSSLESS_SOUND = ("flac", "alac", "wavpack", "tta")
BIT_RATE = 96_000  # per channel
MOST_CHANNELS = {"libmp3lame": 2, "mp2": 2, "ac3": 6, "eac3": 6}
MAX_BIT_RATES = {"libmp3lame": 320_000, "libopus": 510_000}


class ContainerSink(BaseSink):
    """Encodes and muxes while it is written to.

    Raises InputError where the muxer or an encoder does not take what is asked for, OutputError where the target
    cannot be written; BrokenPipeError passes.
    """

    def __init__(
        self,
        target: Target,
        muxer: str,
        video: VideoStream | None,
        audio: AudioStream | None,
        config: WriteConfig,
    ) -> None:
        super().__init__()
        self._muxer = muxer
        self._config = config
        self._durations: dict[int, int] = {}
        self._shape: Callable[[av.VideoFrame], av.VideoFrame] | None = None
        self._grid: FrameGrid | None = None
        self._container: av.container.OutputContainer | None = None
        codecs = codecs_for(muxer, config, audio)
        self._video = video if codecs.video is not None else None
        self._audio = audio if codecs.audio is not None else None
        if audio is not None and self._audio is None:
            self.warn(f"{muxer} takes no sound")
        if video is not None and self._video is None:
            self.warn(f"{muxer} takes no picture")
        self.takes_video, self.takes_audio = self._video is not None, self._audio is not None
        if not self.takes_video and not self.takes_audio:
            raise InputError(f"format is {muxer}, which takes nothing of this stream")
        self._file = TargetFile(target)
        try:
            with self._opening():
                self._open(codecs.video, codecs.audio)
        except BaseException:
            self.abort()
            raise

    def write_video(self, values: NDArray[Any], pts: NDArray[np.int64], last_duration: int) -> None:
        """Encode frames; ignored, with a warning, where the target has no picture."""
        if self._video is None:
            return
        durations = [*np.diff(pts).tolist(), last_duration]
        for picture, time, duration in zip(values, pts.tolist(), durations, strict=True):
            frame = values_frame(picture, self._video, self._pix_fmt)
            frame.pts, frame.time_base = self._placed(time, duration), self._time_base
            if self._shape is not None:
                frame = self._shape(frame)
            with self._writing():
                self._mux_video(self._video_track.encode(frame))

    def write_audio(self, values: NDArray[np.float32], pts: int) -> None:
        """Encode sound; ignored, with a warning, where the target has none."""
        if self._audio is None:
            return
        with self._writing():
            for frame in self._sound.frames(values, pts):
                self._mux(self._audio_track.encode(frame))

    def close(self) -> None:
        """Flush the encoders, write the index and give the file its name."""
        if self._container is None:
            return
        with self._writing():
            if self._video is not None:
                self._mux_video(self._video_track.encode(None))
            if self._audio is not None:
                for frame in self._sound.rest():
                    self._mux(self._audio_track.encode(frame))
                self._mux(self._audio_track.encode(None))
            self._container.close()
        self._container = None
        self._file.commit()

    def abort(self) -> None:
        """Drop what was written: a file is removed, a pipe gets no more data."""
        self._file.drop()
        if self._container is not None:
            with suppress(Exception):  # the error that led here is the one to report
                self._container.close()
            self._container = None
        self._file.discard()

    def _placed(self, pts: int, ticks: int) -> int:
        """When a frame is shown, in ticks of the track; for how long is noted."""
        if self._grid is not None:
            pts, ticks = self._grid.number(pts), self._grid.duration(ticks)
            if not self._grid.keeps_times:
                self.warn(f"frames are written at {1 / self._time_base} a second: their own times are not kept")
        self._durations[pts] = ticks
        return pts

    def _open(self, video_codec: str | None, audio_codec: str | None) -> None:
        self._container = av.open(self._file, "w", format=self._muxer, options=self._muxer_options())
        if self._video is not None and video_codec is not None:
            self._add_video(self._container, self._video, video_codec)
        if self._audio is not None and audio_codec is not None:
            self._add_audio(self._container, self._audio, audio_codec)
        self._container.start_encoding()
        if self._audio is not None:
            self._sound = SoundTrack(
                self._audio_track.codec_context,
                layout_name(self._audio.layout, self._audio.channels),
                self._audio.sample_rate_hz,
                self._layout,
                self._muxer in SOUND_FORMATS and self._muxer != "ipod",
            )

    def _muxer_options(self) -> dict[str, str]:
        options = {"fflags": "+bitexact"} if self._config.bitexact else {}
        if self._muxer == "yuv4mpegpipe":
            options["strict"] = "-1"  # for more than 8 bits
        if self._muxer not in MOV_MUXERS:
            return options
        if not self._file.seekable():
            options["movflags"] = FRAGMENTED
        if self._video is not None and 1000 <= self._video.time_base.denominator <= MAX_TIMESCALE:
            # The movie's clock times a start other than 0, so it must be as fine as the track's.
            options["movie_timescale"] = str(self._video.time_base.denominator)
        if self._video is not None and self._video.time_base.denominator <= MAX_TIMESCALE:
            options["video_track_timescale"] = str(self._video.time_base.denominator)
        return options

    def _add_video(self, container: av.container.OutputContainer, video: VideoStream, codec_name: str) -> None:
        codec = encoder(codec_name, "video")
        self._pix_fmt, difference = choose_pix_fmt(codec, self._muxer, video, self._config.pix_fmt)
        if difference is not None:
            self.warn(difference)
        rate = known_rate(codec, (video.average_rate or 1 / video.time_base).limit_denominator(100_000))
        self._time_base = video.time_base
        if codec_name in RATED_CODECS or not takes_any_time(self._muxer):
            self._grid = FrameGrid(rate, video.time_base, gaps=takes_gaps(self._muxer))
            self._time_base = 1 / rate
        track = container.add_stream(codec_name, rate=rate)
        assert isinstance(track, av.VideoStream)
        track.time_base = self._time_base
        context = track.codec_context
        context.time_base = self._time_base
        context.width, context.height, context.pix_fmt = video.width, video.height, self._pix_fmt
        context.sample_aspect_ratio = video.sample_aspect_ratio
        context.thread_count = self._config.threads
        self._fix(context)
        tag_colour(context, video, self._pix_fmt)
        context.options = self._encoder_options(codec_name)
        if codec_name not in SHAPED_CODECS and self._muxer not in MOV_MUXERS and video.sample_aspect_ratio != 1:
            if codec_name == "ffv1":
                self._shape = shaper(video, self._pix_fmt, self._time_base)
            else:
                self.warn(f"the sample aspect ratio {video.sample_aspect_ratio} is not kept by {self._muxer}")
        self._video_track = track

    def _add_audio(self, container: av.container.OutputContainer, audio: AudioStream, codec_name: str) -> None:
        codec = encoder(codec_name, "audio")
        rate = audio.sample_rate_hz
        offered = sorted(codec.audio_rates or ())
        if offered and rate not in offered:
            rate = next((each for each in offered if each >= rate), offered[-1])
            self.warn(f"{codec_name} does not take {audio.sample_rate_hz} Hz: the sound is resampled to {rate} Hz")
        self._layout = layout_name(audio.layout, audio.channels)
        channels = min(audio.channels, MOST_CHANNELS.get(codec_name, audio.channels))
        if channels < audio.channels:
            mixed = DEFAULT_LAYOUTS[channels]
            self.warn(f"{codec_name} takes {channels} channels: {self._layout} is mixed to {mixed}")
            self._layout = mixed
        track = container.add_stream(codec_name, rate=rate, layout=self._layout)
        assert isinstance(track, av.AudioStream)
        context = track.codec_context
        context.format = sample_format(codec, audio)
        context.time_base = Fraction(1, rate)
        self._fix(context)
        if not codec_name.startswith("pcm_") and codec_name not in LOSSLESS_SOUND:
            context.bit_rate = min(BIT_RATE * channels, MAX_BIT_RATES.get(codec_name, 1 << 30))
        self._audio_track = track

    def _fix(self, context: av.CodecContext) -> None:
        """Have an encoder write nothing of itself, where that is asked for."""
        if self._config.bitexact:
            context.flags |= av.codec.context.Flags.bitexact

    def _encoder_options(self, codec_name: str) -> dict[str, str]:
        """Quality; and no B-frames, since with them MP4 cannot tell how long the last frame is shown."""
        if codec_name not in TRANSPARENT_CRF:
            return {}
        crf = str(TRANSPARENT_CRF[codec_name] if self._config.crf is None else self._config.crf)
        more = {
            "libx264": {"bf": "0"},
            "libx265": {"x265-params": "bframes=0:log-level=none"},
            "libvpx-vp9": {"b": "0", "cpu-used": "4"},
        }
        return {"crf": crf, **more.get(codec_name, {})}

    def _mux_video(self, packets: list[av.Packet[Any]]) -> None:
        for packet in packets:
            if packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, packet.duration)
            self._mux([packet])

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        assert self._container is not None
        self._container.mux(packets)

    @contextmanager
    def _opening(self) -> Iterator[None]:
        with captured_logs() as logs, translated(self._file.name):
            try:
                yield
            except (av.error.FFmpegError, ValueError) as error:
                if isinstance(error, (InputError, OutputError, OSError)):
                    raise
                detail = next((text.strip() for _, _, text in logs if text.strip()), reason(error))
                raise InputError(f"{self._file.name}: {self._muxer} cannot be written so ({detail})") from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with translated(self._file.name):
            try:
                yield
            except av.error.FFmpegError as error:
                if isinstance(error, OSError):
                    raise
                raise OutputError(f"{self._file.name}: encoding failed ({reason(error)})") from None


def shaper(video: VideoStream, pix_fmt: str, time_base: Fraction) -> Callable[[av.VideoFrame], av.VideoFrame]:
    """Gives frames, with times in `time_base`, the stream's sample aspect ratio, which PyAV cannot set itself.

    FFV1 stores it with each key frame, where FFmpeg's players find it.
    """
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(width=video.width, height=video.height, format=av.VideoFormat(pix_fmt), time_base=time_base),
        graph.add("setsar", str(video.sample_aspect_ratio)),
        graph.add("buffersink"),
    ).configure()

    def shape(frame: av.VideoFrame) -> av.VideoFrame:
        graph.push(frame)
        shaped = graph.pull()
        assert isinstance(shaped, av.VideoFrame)
        return shaped

    return shape


def tag_colour(context: av.VideoCodecContext, video: VideoStream, pix_fmt: str) -> None:
    """Say in the encoded stream how `values_frame` converts."""
    chroma = chroma_of(av.VideoFormat(pix_fmt))
    full = video.color_range == FULL or pix_fmt.startswith("yuvj")
    if chroma == "gray":
        full = video.color_range != LIMITED
    matrix = 6 if video.matrix == 0 else video.matrix
    context.color_range = FULL if full or chroma == "rgb" else LIMITED
    context.colorspace = 0 if chroma == "rgb" else matrix
    context.color_primaries = video.primaries
    context.color_trc = video.transfer


def sample_format(codec: av.Codec, audio: AudioStream) -> str:
    """The sample format to give an encoder: integers as deep as the source for a lossless one, else float."""
    offered = [audio_format.name for audio_format in codec.audio_formats or ()]
    if codec.name in LOSSLESS_SOUND:
        order = ["s16", "s16p", "s32", "s32p"] if audio.bit_depth <= 16 else ["s32", "s32p"]
    else:
        order = ["fltp", "flt"]
    return next((name for name in order if name in offered), offered[0] if offered else "flt")
