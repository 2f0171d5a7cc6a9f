"""Sound as packets of an ordinary codec and back, a chunk at a time and each by a codec of its own."""

from __future__ import annotations

from collections.abc import Iterator

import av
import av.error
import numpy as np
from inrv_format.errors import InputError, InrvError, InvalidDataError
from inrv_format.families import CodedSpec

from invr.media.sound import Samples, frame_samples, layout_name, samples_frame
from invr.media.sound_track import RateChange

OPUS_HZ = 48_000
# Where an Opus header says how many samples a player drops (RFC 7845, section 5.1); the file says so itself.
PRE_SKIP = slice(10, 12)
ENCODERS = {"opus": "libopus", "flac": "flac"}
# FFmpeg's decoder of floats; the one that is called as the codec rounds.
DECODERS = {"mp3": "mp3float"}
# Opus knows one layout for each number of channels (RFC 7845, section 5.1.1.2).
OPUS_LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")


def encode_packets(
    values: Samples, sample_rate_hz: int, layout: str, codec: str, *, bit_rate: int = 0, bit_depth: int = 16
) -> tuple[CodedSpec, tuple[bytes, ...]]:
    """Packets of samples [N, C] in [-1, 1] and what is needed to decode them.

    `codec` is opus, at `bit_rate` bits a second, or flac, exact up to 24 bits. InputError where the codec is missing
    or does not take such sound.
    """
    layout = _layout(codec, layout, values.shape[1])
    rate_hz = OPUS_HZ if codec == "opus" else sample_rate_hz
    values = _resampled(values, layout, sample_rate_hz, rate_hz)
    try:
        context = av.CodecContext.create(ENCODERS[codec], "w")
        assert isinstance(context, av.AudioCodecContext)
        context.sample_rate, context.layout = rate_hz, layout
        context.format = "flt" if codec == "opus" else "s16" if bit_depth <= 16 else "s32"
        if bit_rate:
            context.bit_rate = bit_rate
        context.open()
        header = context.extradata or b""
        discard = int.from_bytes(header[PRE_SKIP], "little") if codec == "opus" else 0
        if codec == "opus":
            padding = -(len(values) + discard) % context.frame_size + discard
            values = np.concatenate([values, np.zeros((padding, values.shape[1]), np.float32)])
        frames = _frames(values, context, layout)
        packets = [bytes(packet) for frame in (*frames, None) for packet in context.encode(frame) if packet.size]
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(f"--audio {codec}: this sound cannot be coded ({error})") from error
    return CodedSpec(codec, rate_hz, discard, header), tuple(packets)


def decode_packets(
    spec: CodedSpec, packets: tuple[bytes, ...], sample_rate_hz: int, layout: str, count: int, channels: int
) -> Samples:
    """The `count` samples [N, C] in [-1, 1] that the packets hold; InvalidDataError where they do not."""
    wanted = -(-count * spec.rate_hz // sample_rate_hz)
    enough, parts = spec.discard + wanted + spec.dropped, [np.zeros((0, channels), np.float32)]
    for block in packet_blocks(spec, packets, layout, channels):
        parts.append(block)
        enough -= len(block)
        if enough <= 0:
            break
    values = edited(spec, np.concatenate(parts), wanted)
    if len(values) < wanted:
        raise InvalidDataError(f"packets hold {len(values)} samples of {wanted}", section="7.8")
    values = _resampled(values, _layout(spec.codec, layout, channels), spec.rate_hz, sample_rate_hz)
    missing = max(0, count - len(values))
    return np.concatenate([values[:count], np.zeros((missing, channels), np.float32)])


def edited(spec: CodedSpec, values: Samples, count: int) -> Samples:
    """The `count` samples of the sound, of what a decoder gives for the packets; fewer where it gives too few."""
    parts, filled, used = [values[:0]], 0, spec.discard
    for place, samples in (*spec.edits, (count, 0)):
        part = values[used : used + min(place, count) - filled]
        silence = min(max(samples, 0), count - min(place, count))
        parts += [part, np.zeros((silence, values.shape[1]), np.float32)]
        filled, used = min(place, count) + silence, used + len(part) + max(-samples, 0)
    return np.concatenate(parts)


def packet_blocks(spec: CodedSpec, packets: tuple[bytes, ...], layout: str, channels: int) -> Iterator[Samples]:
    """What a decoder gives for one packet after the other, and last for their end: samples [N, C] in [-1, 1].

    InvalidDataError where it refuses one, or gives other channels or another rate than it should.
    """
    header = bytearray(spec.extradata)
    if spec.codec == "opus":
        header[PRE_SKIP] = b"\0\0"
    try:
        context = av.CodecContext.create(DECODERS.get(spec.codec, spec.codec), "r")
        assert isinstance(context, av.AudioCodecContext)
        context.extradata = bytes(header)
        context.sample_rate, context.layout = spec.rate_hz, _layout(spec.codec, layout, channels)
        for data in (*packets, None):
            frames = context.decode(av.Packet(data) if data is not None else None)
            parts = [frame_samples(frame) for frame in frames]
            if any(part.shape[1] != channels for part in parts) or context.sample_rate != spec.rate_hz:
                raise InvalidDataError("packets hold other channels or another rate than they should", section="7.8")
            yield np.concatenate([np.zeros((0, channels), np.float32), *parts])
    except (av.error.FFmpegError, ValueError) as error:
        if isinstance(error, InrvError):
            raise
        raise InvalidDataError(f"packets of {spec.codec} cannot be decoded: {error}", section="7.8") from error


def _layout(codec: str, layout: str, channels: int) -> str:
    """The layout as the codec knows it; channel k is channel k in any of them."""
    if codec == "opus" and channels <= len(OPUS_LAYOUTS):
        return OPUS_LAYOUTS[channels - 1]
    return layout_name(layout, channels)


def _resampled(values: Samples, layout: str, from_hz: int, to_hz: int) -> Samples:
    if from_hz == to_hz:
        return values
    line = RateChange(layout, from_hz, to_hz)
    return np.concatenate([line.push(values, 0)[0], line.flush()[0]])


def _frames(values: Samples, context: av.AudioCodecContext, layout: str) -> Iterator[av.AudioFrame]:
    size = context.frame_size or len(values)
    for first in range(0, len(values), size):
        frame = samples_frame(values[first : first + size], context.format.name, layout, context.sample_rate)
        frame.pts = first
        yield frame
