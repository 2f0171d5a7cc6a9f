"""Media in and out: the one place that knows PyAV and soundfile."""

from invr.media.chunk_lengths import LIVELY_FRAMES, FixedLengths, Lengths, ShotLengths
from invr.media.colour import luma_weights
from invr.media.read import MediaReader, ReadConfig
from invr.media.write import Sink, WriteConfig, open_sink

__all__ = [
    "LIVELY_FRAMES",
    "FixedLengths",
    "Lengths",
    "MediaReader",
    "ReadConfig",
    "ShotLengths",
    "Sink",
    "WriteConfig",
    "luma_weights",
    "open_sink",
]
