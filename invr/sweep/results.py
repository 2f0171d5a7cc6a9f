"""What a sweep found: the records of `sweep.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

VERSION = 1


@dataclass(frozen=True, slots=True)
class TensorNoise:
    """What quantization did to the tensors of one name in all networks of one family.

    `phases` says that they hold frequencies or phases, `bits` is the most that one of them got, and `sqnr_db` None
    says that nothing was lost.
    """

    network: str
    tensor: str
    phases: bool
    weights: int
    bits: int
    sqnr_db: float | None


@dataclass(frozen=True, slots=True)
class BitPoint:
    """The one fit, quantized to one width.

    `sqnr_db` is of all weights, `plain_sqnr_db` of those in tensors without phases (None: nothing was lost),
    `picture_sqnr_db` of frames (None without pictures); `scores` are of the decoded file, `missing` says why one is
    not among them. `payload_bytes` is the compressed weights without headers and index.
    """

    bits: int
    file: str
    file_bytes: int
    payload_bytes: int
    sqnr_db: float | None
    plain_sqnr_db: float | None
    picture_sqnr_db: float | None
    scores: dict[str, float]
    missing: dict[str, str]
    tensors: tuple[TensorNoise, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Weights of one tensor in equally wide bins from `low` to `high`: as fitted, and as they are at each width."""

    network: str
    tensor: str
    shape: tuple[int, ...]
    low: float
    high: float
    fitted: list[int]
    quantized: dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class Contact:
    """The contact sheet: its file, the frame it shows, and its cells in reading order."""

    file: str
    frame: int
    cells: tuple[str, ...]
    labelled: bool


@dataclass(frozen=True, slots=True)
class SizePoint:
    """One network of `width` x `depth`, quantized to `bits`, fitted to the first `duration_s` of one medium.

    `loss` is the mean squared error of the decoded file, values and samples in [-1, 1], sound scaled to a peak of one
    as for its fit. `fit_s` runs from the first sample read to the last step.
    """

    medium: str
    network: str
    width: int
    depth: int
    duration_s: float
    bits: int
    parameters: int
    file: str
    file_bytes: int
    payload_bytes: int
    bytes_per_s: float
    loss: float
    scores: dict[str, float]
    missing: dict[str, str]
    fit_s: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """All of it; `keep_phases` and `symmetric` say how weights were quantized."""

    command: str
    source: str
    machine: dict[str, str]
    settings: dict[str, str | int]
    keep_phases: bool
    symmetric: bool
    bits: tuple[BitPoint, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    contact: Contact | None = None
    sizes: tuple[SizePoint, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def to_json(sweep: Sweep) -> str:
    """The text of `sweep.json`."""
    return json.dumps({"invr_sweep": VERSION} | asdict(sweep), indent=1, allow_nan=False) + "\n"


def in_bits(bits: int) -> str:
    """A width in words."""
    return f"{bits} bit" if bits == 1 else f"{bits} bits"
