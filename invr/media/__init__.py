"""Media in and out: the one place that knows PyAV and soundfile."""

from invr.media.chunk_lengths import FixedLengths, Lengths
from invr.media.colour import luma_weights
from invr.media.read import MediaReader, ReadConfig
from invr.media.write import Sink, WriteConfig, open_sink

__all__ = [
    "FixedLengths",
    "Lengths",
    "MediaReader",
    "ReadConfig",
    "Sink",
    "WriteConfig",
    "luma_weights",
    "open_sink",
]
