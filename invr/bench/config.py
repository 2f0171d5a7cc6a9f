"""What a benchmark runs: clips and codecs, read from a TOML file."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from inrv_format.errors import InputError

MEDIA = ("video", "audio", "av", "image")


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """A source and the part of it that is used: `frames` from its start (0: all), or `seconds` of sound (0: all).

    `crop` is (left, top, width, height) in pixels.
    """

    name: str
    path: str
    medium: str = "video"
    frames: int = 0
    seconds: float = 0.0
    crop: tuple[int, int, int, int] | None = None
    speech: bool = False


@dataclass(frozen=True, slots=True)
class CodecConfig:
    """A codec of the tables in `ordinary.py` and `recipes.py`, and its rates in the unit that these tables say.

    `clips` limits it to some clips (empty: all of its medium). `steps` and `bits` are for invr's own codecs only.
    """

    name: str
    rates: tuple[float, ...]
    clips: tuple[str, ...] = ()
    steps: int = 0
    bits: int = 0


@dataclass(frozen=True, slots=True)
class BenchConfig:
    """A whole benchmark. `anchors` are the codecs that BD-rates are stated against, at equal `bd_metrics`."""

    clips: tuple[ClipConfig, ...]
    codecs: tuple[CodecConfig, ...]
    anchors: tuple[str, ...] = ()
    bd_metrics: tuple[str, ...] = ("psnr_rgb_db",)
    metrics: tuple[str, ...] = field(default=("ssim", "ms_ssim", "lpips", "snr_db", "lsd_db", "visqol_mos", "cdpam"))


def read_config(path: str | os.PathLike[str]) -> BenchConfig:
    """The benchmark that a TOML file asks for; InputError names the key that is wrong."""
    try:
        table = tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: {error}") from error
    clips = tuple(_built(ClipConfig, item, f"{path}: clip") for item in table.pop("clip", []))
    codecs = tuple(_built(CodecConfig, item, f"{path}: codec") for item in table.pop("codec", []))
    config = _built(BenchConfig, table | {"clips": clips, "codecs": codecs}, str(path))
    names = {clip.name for clip in config.clips}
    for clip in config.clips:
        if clip.medium not in MEDIA:
            raise InputError(f"{path}: clip {clip.name}: medium {clip.medium}: allowed are {', '.join(MEDIA)}")
    for codec in config.codecs:
        for name in codec.clips:
            if name not in names:
                raise InputError(f"{path}: codec {codec.name}: there is no clip {name}")
    if not clips or not codecs:
        raise InputError(f"{path}: at least one [[clip]] and one [[codec]] are needed")
    return config


Built = TypeVar("Built")


def _built(kind: type[Built], item: dict[str, Any], where: str) -> Built:
    """A dataclass from a TOML table; lists become tuples."""
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    for key in item:
        if key not in known:
            raise InputError(f"{where}: unknown key {key}: known are {', '.join(sorted(known))}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise InputError(f"{where} {item.get('name', '')}: {error}") from error
