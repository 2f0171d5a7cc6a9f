"""The source's own packets in the place of a sound network: which ones a chunk needs, and where its samples begin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import av
import numpy as np
from inrv_format.errors import InputError, InvalidDataError
from inrv_format.families import CodedSpec
from inrv_format.families.coded import CODECS

from invr.media.coded import edited, packet_blocks
from invr.media.sound import Samples
from invr.signals import AudioSignal, SourceCodec, SourcePacket

# FFmpeg's decoders that have another name than their codec.
CODEC_NAMES = {"mp3float": "mp3", "libopus": "opus", "libvorbis": "vorbis"}
EMPTY_COMMENTS = b"\3vorbis" + bytes(8) + b"\1"


@dataclass(frozen=True, slots=True)
class Preroll:
    """What a decoder must have decoded before its samples are right: at least `samples`.

    Before those come `data` bytes to which packets may refer back, `overhead` bytes of each packet not counted.
    """

    samples: int = 0
    data: int = 0
    overhead: int = 0


# As measured (docs/research/audio.md). Transforms overlap with the packet before. MP3's bit reservoir reaches 511
# bytes back, headers and side information not counted (ISO/IEC 11172-3, 2.4.2.7). Opus predicts from what it decoded:
# RFC 7845, section 4.6, has 80 ms, which are not heard; after 200 ms the error is about that of 16 bits.
PREROLLS = {
    "opus": Preroll(samples=9600),
    "flac": Preroll(),
    "aac": Preroll(samples=1),
    "mp3": Preroll(samples=1152, data=511, overhead=38),
    "vorbis": Preroll(samples=1),
    "ac3": Preroll(samples=1),
    "eac3": Preroll(samples=1),
    "alac": Preroll(),
}
# Of AAC with spectral band replication, which is told by its longer packets: its own header comes now and then.
SBR_PREROLL, AAC_SAMPLES = Preroll(samples=24_000), 1024
# No codec needs more packets than these, and none is given more samples before the first.
MOST_PACKETS, MOST_SAMPLES = 128, 1 << 15


def source_codec(stream: av.AudioStream, name: str) -> SourceCodec:
    """The codec of a stream of the source `name`; InputError where its packets cannot be copied."""
    decoder = stream.codec_context.codec.name
    codec = CODEC_NAMES.get(decoder, decoder)
    if codec not in CODECS.values():
        known, instead = ", ".join(CODECS.values()), "flac, which is exact" if "pcm" in codec else "inr, opus or flac"
        raise InputError(f"{name}: --audio copy of {codec}: allowed are {known}; or --audio {instead}")
    header = stream.codec_context.extradata or b""
    return SourceCodec(codec, without_comments(header) if codec == "vorbis" else header)


def without_comments(header: bytes) -> bytes:
    """A Vorbis header in Xiph lacing with an empty comment packet: cover pictures can be large."""
    if header[:1] != b"\2":
        return header
    ends = [1]
    for _ in range(2):
        place = ends[-1]
        while header[place] == 255:
            place += 1
        ends.append(place + 1)
    first, comments = (sum(header[start:end]) for start, end in pairwise(ends))
    start, end = ends[-1] + first, ends[-1] + first + comments
    sizes = header[: ends[1]] + bytes([len(EMPTY_COMMENTS)])
    return sizes + header[ends[-1] : start] + EMPTY_COMMENTS + header[end:]


def first_needed(codec: SourceCodec, packets: Sequence[SourcePacket], start: int) -> int:
    """The place of the first packet that a decoder needs for the samples from time `start` on."""
    place = next((k for k, packet in enumerate(packets) if packet.samples and packet.end > start), len(packets))
    preroll = PREROLLS[codec.name]
    if codec.name == "aac" and any(packet.samples > AAC_SAMPLES for packet in packets):
        preroll = SBR_PREROLL
    samples = data = 0
    while place and samples < MOST_SAMPLES and (samples < preroll.samples or data < preroll.data):
        place -= 1
        if samples >= preroll.samples:
            data += max(0, len(packets[place].data) - preroll.overhead)
        samples += packets[place].samples
    return place


def end_needed(packets: Sequence[SourcePacket], end: int) -> int:
    """The place behind the last packet that is needed for the samples before time `end`."""
    return next((k + 1 for k, packet in enumerate(packets) if packet.samples and packet.end >= end), len(packets))


def edits_within(edits: Sequence[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The part of the edits that a chunk from time `start` to `end` needs: silence in it, and what is dropped."""
    parts = []
    for time, samples in edits:
        first, last = max(time, start), min(time + samples, end)
        if samples > 0 and first < last:
            parts.append((first, last - first))
        elif samples < 0 and start < time < end:
            parts.append((time, samples))
    return parts


def copy_packets(audio: AudioSignal, layout: str) -> tuple[CodedSpec, tuple[bytes, ...]]:
    """The packets of a chunk's sound, and what is needed to decode them.

    InputError where they do not give that sound.
    """
    assert audio.codec is not None
    packets = tuple(packet.data for packet in audio.packets)
    edits = tuple((time - audio.pts, samples) for time, samples in audio.edits)
    try:
        spec = CodedSpec(audio.codec.name, audio.sample_rate_hz, 0, audio.codec.header, edits)
        blocks = list(packet_blocks(spec, packets, layout, audio.values.shape[1]))
        joined = np.concatenate(blocks)
        specs = [replace(spec, discard=discard) for discard in _discards(audio, [len(block) for block in blocks])]
        errors = [_error(edited(each, joined, len(audio)), audio.values) for each in specs]
        if min(errors) == math.inf:
            raise InvalidDataError("a decoder gives less sound for the packets than the source's player")
    except InvalidDataError as error:
        raise InputError(f"--audio copy: {error}; --audio flac stores this sound") from error
    return specs[int(np.argmin(errors))], packets


def _discards(audio: AudioSignal, given: Sequence[int]) -> list[int]:
    """How many samples may come before the chunk's where a decoder gives so many for each packet.

    The source's player may have cut what it got for its first and its last packet, at either end.
    """
    packets = audio.packets
    first = next((k for k, packet in enumerate(packets) if packet.samples and packet.end > audio.pts), 0)
    cut = given[first] - packets[first].samples
    inner = zip(given[first + 1 :], packets[first + 1 : -1], strict=False)
    if cut < 0 or any(count != packet.samples for count, packet in inner):
        raise InvalidDataError("a player of the source leaves out sound between its packets")
    before = sum(given[:first]) + max(0, audio.pts - packets[first].pts)
    return [before + each for each in (range(cut + 1) if first + 1 == len(packets) else (0, cut))]


def _error(values: Samples, wanted: Samples) -> float:
    return float(np.square(values - wanted).sum()) if len(values) == len(wanted) else math.inf
