"""The video codec whose file is a neural network.

`invr.encode(source, target)` fits networks to a clip and writes an `.inrv` file, `invr.decode(source, target)`
evaluates them back, `invr.open(path)[i]` gives frame i. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from inrv_format.errors import (
    BackendError,
    FitError,
    InputError,
    InrvError,
    InvalidDataError,
    LimitError,
    OptionError,
    OutputError,
    TruncatedError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from invr.config import MODELS, DecodeConfig, EncodeConfig
    from invr.crop import Crop
    from invr.decoder import VideoReader, decode
    from invr.decoder import open_video as open
    from invr.encoder import encode
    from invr.media import ReadConfig, WriteConfig
    from invr.presets import PRESETS
    from invr.thumbs import contact_sheet

_PLACES = {
    "MODELS": ("invr.config", "MODELS"),
    "PRESETS": ("invr.presets", "PRESETS"),
    "Crop": ("invr.crop", "Crop"),
    "DecodeConfig": ("invr.config", "DecodeConfig"),
    "EncodeConfig": ("invr.config", "EncodeConfig"),
    "ReadConfig": ("invr.media", "ReadConfig"),
    "VideoReader": ("invr.decoder", "VideoReader"),
    "WriteConfig": ("invr.media", "WriteConfig"),
    "contact_sheet": ("invr.thumbs", "contact_sheet"),
    "decode": ("invr.decoder", "decode"),
    "encode": ("invr.encoder", "encode"),
    "open": ("invr.decoder", "open_video"),
}

__all__ = [
    "MODELS",
    "PRESETS",
    "BackendError",
    "Crop",
    "DecodeConfig",
    "EncodeConfig",
    "FitError",
    "InputError",
    "InrvError",
    "InvalidDataError",
    "LimitError",
    "OptionError",
    "OutputError",
    "ReadConfig",
    "TruncatedError",
    "UnsupportedError",
    "VideoReader",
    "WriteConfig",
    "contact_sheet",
    "decode",
    "encode",
    "open",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'invr' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)
