"""Media in and out: the one place that knows PyAV and soundfile."""

from invr.media.colour import luma_weights
from invr.media.read import MediaReader, ReadConfig
from invr.media.write import Sink, WriteConfig, open_sink

__all__ = ["MediaReader", "ReadConfig", "Sink", "WriteConfig", "luma_weights", "open_sink"]
