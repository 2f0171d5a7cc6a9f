"""Ordinary codecs for still pictures through Pillow and its plug-ins."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from inrv_format.errors import InputError, UnsupportedError
from numpy.typing import NDArray

# codec -> (Pillow's name of the format, file ending, plug-in that may be needed)
STILL_FORMATS = {
    "jpeg": ("JPEG", ".jpg", ""),
    "webp": ("WEBP", ".webp", ""),
    "avif": ("AVIF", ".avif", "pillow_avif"),
    "jxl": ("JXL", ".jxl", "pillow_jxl"),
}


def encode_still(path: str | os.PathLike[str], picture: NDArray[np.uint8], codec: str, quality: float) -> None:
    """Write a picture [H, W, 3] (R, G, B) at Pillow's `quality`; UnsupportedError names what is not installed."""
    _plug_in(codec)
    from PIL import Image

    try:
        Image.fromarray(picture).save(os.fspath(path), STILL_FORMATS[codec][0], quality=int(quality))
    except (KeyError, OSError, ValueError) as error:
        raise InputError(f"{codec}: {error}") from error


def read_still(path: str | os.PathLike[str], codec: str) -> NDArray[np.uint8]:
    """A picture [H, W, 3] as R, G, B."""
    _plug_in(codec)
    from PIL import Image

    with Image.open(Path(path)) as image:
        return np.asarray(image.convert("RGB"))


def _plug_in(codec: str) -> None:
    if find_spec("PIL") is None:
        raise UnsupportedError(f"{codec} needs Pillow: pip install 'invr[bench]'")
    module = STILL_FORMATS[codec][2]
    if module and find_spec(module) is not None:
        import_module(module)
