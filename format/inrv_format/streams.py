"""What a player must know of each stream, as read from or written to a `STRM` box."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

VIDEO, AUDIO = 1, 2

CHROMAS = {0: "gray", 1: "420", 2: "422", 3: "444", 4: "rgb"}
CHROMA_IDS = {name: wire_id for wire_id, name in CHROMAS.items()}
COLOR_RANGES = {0: "unknown", 1: "tv", 2: "pc"}
FIELD_ORDERS = {0: "unknown", 1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}


@dataclass(frozen=True, slots=True)
class VideoStream:
    """A picture stream: sizes in pixels, colour as CICP code points (ITU-T H.273; 2 is unspecified).

    `width` and `height` are those of the stored (unrotated) picture; `rotation` is how many degrees a player
    turns it clockwise for display: 0, 90, 180 or 270. `average_rate` is a hint; time is in the chunks' pts.
    """

    width: int
    height: int
    time_base: Fraction
    chroma: str = "420"
    bit_depth: int = 8
    color_range: int = 0
    matrix: int = 2
    primaries: int = 2
    transfer: int = 2
    chroma_location: int = 0
    sample_aspect_ratio: Fraction = field(default_factory=lambda: Fraction(1))
    rotation: int = 0
    field_order: int = 0
    average_rate: Fraction = field(default_factory=lambda: Fraction(0))

    @property
    def components(self) -> int:
        """How many values a network gives for each pixel: 1 for grey, else 3 (R, G, B)."""
        return 1 if self.chroma == "gray" else 3

    @property
    def pix_fmt(self) -> str:
        """FFmpeg's name of the pixel format that the source had, as near as `chroma` and `bit_depth` say."""
        base = {"gray": "gray", "rgb": "gbrp"}.get(self.chroma, f"yuv{self.chroma}p")
        return base if self.bit_depth == 8 else f"{base}{self.bit_depth}le"


@dataclass(frozen=True, slots=True)
class AudioStream:
    """A sound stream: samples at `sample_rate_hz`; `layout` is FFmpeg's name of the channel layout."""

    sample_rate_hz: int
    channels: int
    layout: str = ""
    bit_depth: int = 16

    @property
    def time_base(self) -> Fraction:
        """One sample, in seconds."""
        return Fraction(1, self.sample_rate_hz)


Stream = VideoStream | AudioStream
