"""The page: what it holds, and that it loads nothing."""

import re
from dataclasses import replace

from invr.sweep.page import build_page


def test_the_page_has_all_sections_and_loads_nothing(swept):
    folder, result = swept
    page = (folder / "sweep.html").read_text()
    for title in ("Bit width", "Contact sheet", "Weights", "Network size"):
        assert f">{title}</h2>" in page
    head = page[: page.index("<script")]
    assert not re.findall(r'(?:src|href)="(?!data:|#)', head)
    plots = 2 + len(result.bits[0].scores)
    for medium in ("video", "audio"):
        plots += 2 + len({name for point in result.sizes if point.medium == medium for name in point.scores})
    assert page.count('id="plot-') == plots


def test_names_are_escaped(swept):
    folder, result = swept
    page = build_page(replace(result, source="<b>.avi", command="invr sweep '<b>.avi'"), folder)
    assert "<b>.avi" not in page
