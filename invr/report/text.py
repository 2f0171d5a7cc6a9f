"""Numbers and tables as HTML; whatever comes from outside is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from invr.bench.results import Point

ABSENT = "–"
NARROW_SPACE = "\u202f"


def number(value: float | None, decimals: int = 0) -> str:
    """A number with thin spaces between thousands, a dash where there is none."""
    if value is None or not math.isfinite(value):
        return ABSENT
    return f"{value:,.{decimals}f}".replace(",", NARROW_SPACE).replace("-", "−")


def significant(value: float | None, digits: int = 3) -> str:
    """A number with at least `digits` significant digits and no exponent."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if value == 0:
        return "0"
    return number(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def megabytes(value: int | None) -> str:
    """Bytes in millions."""
    return ABSENT if value is None else number(value / 1e6, 1)


def name_of(point: Point) -> str:
    """Codec and rate of a point, escaped."""
    return escape(f"{point.codec}, {point.rate}" if point.rate else point.codec)


def right(text: str) -> str:
    """A cell of a number (already escaped)."""
    return f'<td class="n">{text}</td>'


def left(text: str) -> str:
    """A cell of words, which are escaped."""
    return f"<td>{escape(text)}</td>"


def table(head: Iterable[str], rows: Sequence[str], kind: str = "") -> str:
    """A table that scrolls by itself on a narrow screen; `rows` are cells already."""
    heads = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    body = "\n".join(row if row.startswith("<tr") else f"<tr>{row}</tr>" for row in rows)
    wide = f'<table class="{kind}">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table>'
    return f'<div class="scroll" tabindex="0">{wide}</div>'


def sentence(text: str) -> str:
    """One remark under a heading, escaped."""
    return f'<p class="remark">{escape(text)}</p>'
