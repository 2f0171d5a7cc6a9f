"""The page around everything, its style sheet and script; all are part of the page, so that it needs nothing else."""

from string import Template

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c1e21; --soft: #5d636b; --rule: #d9dce1; --raised: #f5f6f8; --accent: #d55e00;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --ink: #e7e9ec; --soft: #a0a7b1; --rule: #33373d; --raised: #1e2125; --accent: #f08030; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 3rem; }
body {
  margin: 0 auto; padding: 0 1rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header { padding-top: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
h3 small { font-weight: normal; color: var(--soft); }
p { margin: .5rem 0; max-width: 48rem; }
a { color: inherit; }
code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.command {
  display: block; padding: .6rem .8rem; background: var(--raised); border-radius: 6px; overflow-wrap: anywhere;
}
.remark, .failures { color: var(--soft); font-size: .9rem; }
.failures { margin: .25rem 0; padding-left: 1.1rem; }
nav {
  position: sticky; top: 0; z-index: 5; margin: 1rem -1rem 0; padding: .5rem 1rem; background: var(--paper);
  border-bottom: 1px solid var(--rule); overflow-x: auto; white-space: nowrap; font-size: .9rem;
}
nav a { margin-right: 1rem; text-decoration: none; color: var(--soft); }
nav a:hover, nav a:focus { color: var(--ink); text-decoration: underline; }
dl.machine { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .75rem 0; }
dl.machine { font-size: .9rem; }
dl.machine dt { color: var(--soft); }
dl.machine dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
thead th { vertical-align: bottom; font-weight: 600; color: var(--soft); white-space: normal; min-width: 4.2rem; }
.points thead th:nth-child(n+3):not(.words), .bd thead th:nth-child(n+3) { text-align: right; }
td.n { text-align: right; }
tbody th { position: sticky; left: 0; background: var(--paper); font-weight: normal; }
tbody th.network { font-weight: 650; }
.clips td:nth-last-child(2) { white-space: normal; overflow-wrap: anywhere; min-width: 14rem; }
td.failed { color: var(--soft); white-space: normal; }
td small { display: block; color: var(--soft); }
.none { color: var(--soft); font-style: italic; }
.dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .45em; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .9rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: 1.25rem; }
.bokeh {
  --bk-axis-label-text-color: var(--soft); --bk-major-label-text-color: var(--soft);
  --bk-label-text-color: var(--ink);
  --bk-axis-line-color: var(--soft); --bk-major-tick-line-color: var(--soft); --bk-minor-tick-line-color: var(--rule);
}
.panes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1rem; }
.pane img { display: block; width: 100%; height: auto; background: var(--raised); }
.pane small { display: block; color: var(--soft); font-variant-numeric: tabular-nums; }
.shot[hidden] { display: none; }
.pane figcaption { margin-top: .15rem; }
.compare { margin: .75rem 0 1.5rem; }
.compare.one .panes { grid-template-columns: minmax(0, 40rem); }
.compare.one .pane:not(.chosen) { display: none; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; }
.controls { margin-bottom: .75rem; font-size: .9rem; }
.slide { display: flex; gap: .6rem; align-items: center; flex: 1 1 16rem; max-width: 30rem; }
.slide input { flex: 1; min-width: 0; accent-color: var(--accent); }
.views { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
.views input { accent-color: var(--accent); }
.spectrum { display: grid; align-content: start; }
.spectrum { grid-template-columns: 2.4rem minmax(0, 1fr); font-size: .75rem; padding-right: 1rem; }
.spectrum img { height: 13rem; object-fit: fill; }
.spectrum figcaption { grid-column: 2; margin-top: .25rem; }
.y-axis, .x-axis { position: relative; color: var(--soft); font-variant-numeric: tabular-nums; }
.y-axis span { position: absolute; right: .4rem; transform: translateY(50%); }
.x-axis { grid-column: 2; height: 1.3rem; }
.x-axis span { position: absolute; transform: translateX(-50%); top: .15rem; }
.scale { display: flex; gap: .6rem; align-items: center; font-size: .8rem; color: var(--soft); }
.scale span:first-child { white-space: nowrap; }
.scale i { width: 12rem; max-width: 40%; height: .7rem; border-radius: 2px; }
.tensors { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 9.5rem), 1fr)); gap: 1.25rem; }
.tensors figcaption { font-size: .8rem; overflow-wrap: anywhere; }
.tensors svg { display: block; width: 100%; height: 5.5rem; border-bottom: 1px solid var(--soft); }
.tensors .bars { fill: var(--accent); }
.tensors .zero { stroke: var(--ink); stroke-dasharray: 3 3; vector-effect: non-scaling-stroke; opacity: .6; }
.tensors small, .ends { font-size: .75rem; line-height: 1.35; color: var(--soft); }
.tensors small { display: block; }
.ends { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
@media print { nav { display: none; } .scroll { overflow: visible; } }
"""

SCRIPT = """
"use strict";
(() => {
  for (const compare of document.querySelectorAll(".compare")) {
    const panes = [...compare.querySelectorAll(".pane")];
    const slider = compare.querySelector("input[type=range]");
    slider?.addEventListener("input", () => {
      for (const pane of panes) {
        pane.querySelectorAll(".shot").forEach((shot, place) => { shot.hidden = place !== Number(slider.value); });
      }
    });
    compare.querySelector(".views").addEventListener("change", (event) => {
      compare.classList.toggle("one", event.target.value !== "all");
      panes.forEach((pane, place) => pane.classList.toggle("chosen", String(place) === event.target.value));
    });
  }
  const plots = () => Bokeh.documents.flatMap((each) => each.roots());
  // as many columns in each legend as its place has room for, and height for the rows
  const arrange = () => {
    for (const plot of plots()) {
      const columns = Math.max(2, Math.floor((document.getElementById(plot.name).clientWidth - 50) / 110));
      for (const legend of plot.below.filter((part) => "ncols" in part && part.ncols !== columns)) {
        const rows = (count) => Math.ceil(legend.items.length / count);
        plot.height += 25 * (rows(columns) - rows(legend.ncols));
        legend.ncols = columns;
      }
    }
  };
  const repaint = () => {
    // bokeh reads its colours from the style sheet whenever it paints
    for (const plot of plots()) { plot.border_fill_alpha = plot.border_fill_alpha === 1 ? 0.99 : 1; }
  };
  const unpack = async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };
  const draw = async () => {
    for (const item of await unpack(document.getElementById("plots").textContent)) {
      await Bokeh.embed.embed_item(item);
      document.getElementById(item.target_id).style.minHeight = "";
      arrange();
    }
    addEventListener("resize", arrange);
    document.body.dataset.plots = "drawn";
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  };
  draw();
})();
"""

# The browser itself forbids whatever would need a network.
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; \
style-src 'unsafe-inline'; img-src data: blob:">
<title>$title</title>
<style>$style</style>
</head>
<body>
$body
<script type="text/plain" id="plots">$plots</script>
$scripts
</body>
</html>
""")
