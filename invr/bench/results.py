"""What a benchmark found: the records of `bench.json`, read and written."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from inrv_format.errors import InputError

VERSION = 1


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """A source as it was read: sizes in pixels, `sample_rate_hz` and `samples` for sound, zero where absent.

    `medium` is `video`, `audio` or `image`; `frames` and `samples` from the start of the source were used; `path` is
    as the configuration writes it, `sha256` is of the whole source file; `crop` is (left, top, width, height).
    """

    name: str
    path: str
    medium: str
    sha256: str
    width: int = 0
    height: int = 0
    frames: int = 0
    fps: float = 0.0
    sample_rate_hz: int = 0
    channels: int = 0
    samples: int = 0
    duration_s: float = 0.0
    crop: tuple[int, int, int, int] | None = None

    @property
    def pixels(self) -> int:
        """Pixels of all frames."""
        return self.width * self.height * self.frames


@dataclass(frozen=True, slots=True)
class Point:
    """One clip through one codec at one rate.

    `file_bytes` is the whole file, `payload_bytes` without the container (packets and codec headers; for invr the
    compressed weights). Times in seconds, peaks in bytes of resident memory above the start of the stage (None where
    the system does not tell). `metrics` are means over the clip, `frames` the same per frame. `chunk_starts` are the
    first frames of the chunks of invr, `history` its fits: [seconds since the start, chunk, estimated PSNR in dB].
    `file` is the encoded file, relative to the results; `error` says why there is no measurement.
    """

    clip: str
    codec: str
    rate: str
    medium: str
    file: str = ""
    file_bytes: int = 0
    payload_bytes: int = 0
    bpp: float | None = None
    kbps: float = 0.0
    encode_s: float = 0.0
    encode_cpu_s: float = 0.0
    encode_peak_bytes: int | None = None
    decode_s: float = 0.0
    decode_cpu_s: float = 0.0
    decode_peak_bytes: int | None = None
    mac_per_pixel: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    frames: dict[str, list[float]] = field(default_factory=dict)
    chunk_starts: list[int] = field(default_factory=list)
    history: list[list[float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True, slots=True)
class BdRate:
    """Bjontegaard's delta rate of `codec` against `anchor` on one clip, in per cent of bytes at equal `metric`.

    `rate` says which bytes: `payload_bytes` or `file_bytes`.

    `overlap` is the interval of the metric that both curves cover; `percent` is None where there is none, or fewer
    than four points, and `note` says so.
    """

    clip: str
    codec: str
    anchor: str
    metric: str
    percent: float | None
    overlap: tuple[float, float] | None
    note: str = ""
    rate: str = "payload_bytes"


@dataclass(frozen=True, slots=True)
class Bench:
    """A whole benchmark: what was run on which machine, and all that it found."""

    command: str
    machine: dict[str, str]
    clips: tuple[ClipInfo, ...]
    points: tuple[Point, ...]
    bd_rates: tuple[BdRate, ...]


def write_bench(bench: Bench, path: str | os.PathLike[str]) -> None:
    """Write `bench.json`."""
    record = {"invr_bench": VERSION} | asdict(bench)
    Path(path).write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")


def read_bench(path: str | os.PathLike[str]) -> Bench:
    """Read `bench.json`; InputError for what is none or has another version."""
    try:
        record = json.loads(Path(path).read_text())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(record, dict) or record.get("invr_bench") != VERSION:
        raise InputError(f"{path}: not the results of a benchmark (version {VERSION})")
    return Bench(
        command=record["command"],
        machine=record["machine"],
        clips=tuple(_record(ClipInfo, item) for item in record["clips"]),
        points=tuple(point_from_record(item) for item in record["points"]),
        bd_rates=tuple(_record(BdRate, item) for item in record["bd_rates"]),
    )


def point_from_record(item: dict[str, Any]) -> Point:
    """A point from its JSON object."""
    point: Point = _record(Point, item)
    return point


def _record(kind: type[Any], item: dict[str, Any]) -> Any:
    """A dataclass from its JSON object; lists become tuples where the class has tuples."""
    values = {each.name: item[each.name] for each in fields(kind) if each.name in item}
    for name in ("crop", "overlap"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return kind(**values)
