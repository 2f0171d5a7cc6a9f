"""Media in and out: the one place that knows PyAV and soundfile."""

from invr.media.chunk_lengths import LIVELY_FRAMES, FixedLengths, GivenLengths, Lengths, ShotLengths
from invr.media.coded import decode_packets, encode_packets
from invr.media.colour import luma_weights
from invr.media.read import MediaReader, ReadConfig
from invr.media.sound import layout_name
from invr.media.sound_track import RateChange
from invr.media.write import Sink, WriteConfig, open_sink

__all__ = [
    "LIVELY_FRAMES",
    "FixedLengths",
    "GivenLengths",
    "Lengths",
    "MediaReader",
    "RateChange",
    "ReadConfig",
    "ShotLengths",
    "Sink",
    "WriteConfig",
    "decode_packets",
    "encode_packets",
    "layout_name",
    "luma_weights",
    "open_sink",
]
