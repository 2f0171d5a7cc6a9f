"""Ordinary codecs through FFmpeg's libraries, for measurements side by side: arrays in, a file and its size out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import chain

import av
import av.error
import av.logging
import numpy as np
from inrv_format.errors import InputError
from numpy.typing import NDArray

from invr.media.formats import known_rate
from invr.media.sound import layout_name


def encode_pictures(
    path: str | os.PathLike[str],
    frames: NDArray[np.uint8],
    rate: Fraction,
    codec: str,
    options: Mapping[str, str],
    pix_fmt: str,
) -> int:
    """Write frames [T, H, W, 3] (R, G, B) at `rate` a second; returns bytes of packets and of the codec's header.

    `codec`, `options` and `pix_fmt` are FFmpeg's; swscale converts the colours with its defaults. The muxer is chosen
    by the path's ending; a codec that knows few rates (MPEG-2) gets the nearest one. InputError where the codec is
    missing or does not take this.
    """
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.open(os.fspath(path), "w") as container:
            rate = known_rate(av.Codec(codec, "w"), rate)
            stream = container.add_stream(codec, rate=rate, options=dict(options))
            assert isinstance(stream, av.VideoStream)
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = pix_fmt
            stream.time_base = 1 / rate
            pictures = (_picture(values, pts, 1 / rate, pix_fmt) for pts, values in enumerate(frames))
            return _mux(container, stream, pictures)
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(f"{codec}: {error}") from error


def write_lossless(path: str | os.PathLike[str], frames: NDArray[np.uint8], rate: Fraction) -> None:
    """Frames [T, H, W, 3] as FFV1 in R, G, B: the exact pixels, for whatever reads files."""
    encode_pictures(path, frames, rate, "ffv1", {}, "bgr0")


def encode_sound(
    path: str | os.PathLike[str], samples: NDArray[np.float32], sample_rate_hz: int, codec: str, bit_rate: int
) -> int:
    """Write samples [N, C] in [-1, 1] at `bit_rate` bits a second; returns bytes of packets and codec header.

    The sound is resampled where the codec does not take its rate. InputError where the codec is missing.
    """
    av.logging.set_level(av.logging.ERROR)
    layout = layout_name("", samples.shape[1])
    try:
        with av.open(os.fspath(path), "w") as container:
            known = av.Codec(codec, "w")
            rates = known.audio_rates
            rate = sample_rate_hz if not rates or sample_rate_hz in rates else max(rates)
            stream = container.add_stream(codec, rate=rate, layout=layout)
            assert isinstance(stream, av.AudioStream)
            stream.bit_rate = bit_rate
            resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
            frame.sample_rate = sample_rate_hz
            frame.pts = 0
            return _mux(container, stream, [*resampler.resample(frame), *resampler.resample(None)])
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(f"{codec}: {error}") from error


def read_pictures(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """All frames [T, H, W, 3] of a file as R, G, B, converted by swscale with its defaults."""
    with av.open(os.fspath(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def read_samples(path: str | os.PathLike[str], sample_rate_hz: int) -> NDArray[np.float32]:
    """All samples [N, C] of a file, resampled to `sample_rate_hz`."""
    with av.open(os.fspath(path)) as container:
        layout = container.streams.audio[0].layout.name
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=sample_rate_hz)
        blocks = [block for frame in container.decode(audio=0) for block in resampler.resample(frame)]
        blocks += resampler.resample(None)
        return np.concatenate([block.to_ndarray() for block in blocks], axis=1).T.astype(np.float32)


def _picture(values: NDArray[np.uint8], pts: int, time_base: Fraction, pix_fmt: str) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(values), format="rgb24").reformat(format=pix_fmt)
    frame.pts, frame.time_base = pts, time_base
    return frame


def _mux(
    container: av.container.OutputContainer,
    stream: av.VideoStream | av.AudioStream,
    frames: Iterable[av.VideoFrame | av.AudioFrame],
) -> int:
    size = 0
    for frame in chain(frames, [None]):  # None asks the codec for what it holds back
        for packet in stream.encode(frame):  # type: ignore[arg-type]
            size += packet.size
            container.mux(packet)
    return size + len(stream.codec_context.extradata or b"")
