"""The page in a browser: plots are drawn, the slider moves, nothing is fetched, nothing complains."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Browser

DEEP = """
const deep = (root, wanted, found = []) => {
  for (const each of root.querySelectorAll("*")) {
    if (each.matches(wanted)) found.push(each);
    if (each.shadowRoot) deep(each.shadowRoot, wanted, found);
  }
  return found;
};
"""
SHOWN = "[...document.querySelectorAll('.shot:not([hidden]) img')].map(each => each.src)"
CENTRES = """(() => {
  const figure = document.getElementById("plot-0");
  figure.scrollIntoView({block: "center"});
  const view = Bokeh.index.roots.find((each) => each.model.name === "plot-0");
  const points = view.model.renderers.find((each) => each.glyph.type === "Scatter").data_source;
  const area = deep(figure, ".bk-events")[0].getBoundingClientRect();
  const at = (name, scale, offset) => [...points.get_column(name)].map((each) => offset + scale.compute(each));
  const xs = at("x", view.frame.x_scale, area.left), ys = at("y", view.frame.y_scale, area.top);
  return xs.map((x, i) => [x, ys[i]]);
})()"""


@pytest.fixture(scope="module")
def browser(page_path) -> Iterator[Browser]:
    with Browser() as opened:
        opened.open(page_path)
        opened.wait_for("document.body?.dataset.plots === 'drawn'")
        opened.evaluate(DEEP + "window.deep = deep; 0")
        yield opened
        assert opened.complaints == []
        assert all(url.startswith(("file:", "data:", "blob:", "about:")) for url in opened.requests)


def test_every_plot_is_drawn(browser):
    places = browser.evaluate("document.querySelectorAll('.bokeh').length")
    assert places == 7
    assert browser.evaluate("[...document.querySelectorAll('.bokeh')].every(each => deep(each, 'canvas').length > 0)")
    painted = """[...document.querySelectorAll('.bokeh')].every(place => deep(place, 'canvas').some(canvas =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value)))"""
    assert browser.evaluate(painted)


def test_the_slider_changes_all_pictures(browser):
    before = browser.evaluate(SHOWN)
    browser.evaluate(
        "(slider => { slider.value = slider.max; slider.dispatchEvent(new Event('input', {bubbles: true})); })"
        "(document.querySelector('input[type=range]'))"
    )
    after = browser.evaluate(SHOWN)
    assert len(before) == len(after) == 3
    assert not set(before) & set(after)
    assert browser.evaluate("[...document.images].every(each => each.complete && each.naturalWidth > 0)")


def test_one_side_can_be_seen_alone(browser):
    visible = "[...document.querySelectorAll('.compare .pane')].map(each => each.offsetWidth > 0)"
    browser.evaluate("document.querySelector('.views input[value=\"1\"]').click()")
    assert browser.evaluate(visible) == [False, True, False]
    browser.evaluate("document.querySelector('.views input[value=all]').click()")
    assert browser.evaluate(visible) == [True, True, True]


def test_the_pointer_shows_a_point(browser):
    x, y = browser.evaluate(CENTRES)[0]
    browser.move_to(x - 30, y - 30)
    browser.move_to(x, y)
    browser.wait_for("deep(document, '.bk-Tooltip').length > 0")
    text = browser.evaluate("deep(document, '.bk-Tooltip')[0].shadowRoot.textContent")
    assert all(part in text for part in ("invr-fast", "rate 0", "1\u202f090 bytes", "29.12 dB", "0.500 s")), text


def test_the_legend_hides_a_codec(browser):
    lines = "Bokeh.documents.flatMap(each => each.roots())[0].renderers.filter(each => !each.visible).length"
    place = "deep(document.getElementById('plot-0'), '.bk-item')[0].getBoundingClientRect()"
    x, y = browser.evaluate(f"(box => [box.left + 20, box.top + box.height / 2])({place})")
    assert browser.evaluate(lines) == 0
    browser.click(x, y)
    browser.wait_for(f"{lines} === 2")


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_nothing_is_wider_than_the_window(browser, width):
    browser.resize(width, 800)
    browser.wait_for(f"document.documentElement.scrollWidth <= {width}")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_both_colour_schemes_can_be_read(browser, scheme):
    browser.prefer(scheme)
    colors = "(style => [style.color, style.backgroundColor])(getComputedStyle(document.body))"
    ink, paper = (sum(map(int, color[4:-1].split(","))) for color in browser.evaluate(colors))
    assert (ink > paper) == (scheme == "dark") and abs(ink - paper) > 500
