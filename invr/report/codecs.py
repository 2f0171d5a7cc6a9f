"""How each codec is drawn, the same on every plot: warm colours are networks, cool ones and grey the others.

The hues are those of Okabe and Ito (2008) and near ones that keep apart on white and on black; relatives share a hue
and differ in marker and dash.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

NETWORK_RECIPES = ("siren-av-paper", "coin-paper")
THICK, THIN = 3.5, 1.5


@dataclass(frozen=True, slots=True)
class Style:
    """A colour as #rrggbb, and bokeh's names of a marker and of a line dash."""

    color: str
    marker: str
    dash: str = "solid"
    hollow: bool = False
    width: float = THIN

    @property
    def size(self) -> float:
        """Diameter of the marker in pixels."""
        return 10 if self.width == THICK else 7


STYLES = {
    "invr-medium": Style("#d55e00", "circle", width=THICK),
    "invr-fast": Style("#e69f00", "square", width=THICK),
    "invr-slow": Style("#b5402a", "hex", width=THICK),
    "invr-paper": Style("#c0392b", "diamond", "dashed", width=THICK),
    "siren-av-paper": Style("#b07d2b", "star", "dashed", width=THICK),
    "coin-paper": Style("#cc6f9a", "triangle", "dashed", width=THICK),
    "x264-medium": Style("#2580c3", "triangle"),
    "x264-veryslow": Style("#2580c3", "inverted_triangle", "dashed", hollow=True),
    "x265-medium": Style("#009e73", "square"),
    "x265-veryslow": Style("#009e73", "diamond", "dashed", hollow=True),
    "svtav1": Style("#8d6cc9", "hex"),
    "mpeg2video": Style("#808080", "circle"),
    "mpeg4": Style("#808080", "circle", "dotted", hollow=True),
    "mp3": Style("#808080", "circle"),
    "opus": Style("#2580c3", "triangle"),
    "aac": Style("#009e73", "square"),
    "jpeg": Style("#808080", "circle"),
    "webp": Style("#2580c3", "triangle"),
    "avif": Style("#8d6cc9", "hex"),
    "jxl": Style("#009e73", "square"),
}
NETWORK_COLORS = ("#d55e00", "#e69f00", "#b5402a", "#b07d2b")
OTHER_COLORS = ("#2580c3", "#009e73", "#8d6cc9", "#5fa8b8")
MARKERS = ("circle", "square", "triangle", "diamond", "hex", "inverted_triangle")


def is_network(codec: str) -> bool:
    """Whether the files of a codec are .inrv files."""
    return codec.startswith("invr") or codec in NETWORK_RECIPES


def style_of(codec: str) -> Style:
    """The style of a codec; one that is not in STYLES gets a fixed one by its name."""
    if codec in STYLES:
        return STYLES[codec]
    number = zlib.crc32(codec.encode())
    colors = NETWORK_COLORS if is_network(codec) else OTHER_COLORS
    marker = MARKERS[number // len(colors) % len(MARKERS)]
    return Style(colors[number % len(colors)], marker, "dotdash", width=THICK if is_network(codec) else THIN)


def in_order(codecs: set[str]) -> list[str]:
    """Networks first, then the order of STYLES, then by name."""
    known = list(STYLES)
    return sorted(codecs, key=lambda name: (not is_network(name), (*known, name).index(name), name))
