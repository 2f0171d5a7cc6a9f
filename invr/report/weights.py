"""Histograms of a file's weights, one for each tensor."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
from inrv_format.errors import InrvError, InvalidDataError
from inrv_format.reader import Reader
from inrv_format.streams import AUDIO, VIDEO
from inrv_format.tensors import TensorSymbols
from inrv_format.unit import Unit
from numpy.typing import NDArray

from invr.bench.results import Point
from invr.report.choose import Places
from invr.report.text import name_of, number, sentence, significant
from invr.source import opened

BINS = 64
WIDTH, HEIGHT = 256, 96


def histograms(point: Point, places: Places) -> str:
    """HTML of the histograms of the first chunk's picture network; for a sound, of its sound network."""
    path = places.encoded(point)
    if path is None:
        return sentence(f"The file of {point.codec}, {point.rate} is not beside the results.")
    try:
        unit = _first_network(path, AUDIO if point.medium == "audio" else VIDEO)
        tensors = [_histogram(tensor) for tensor in unit.symbols()]
    except InrvError as error:
        return sentence(f"{point.codec}, {point.rate}: {error}.")
    kind = "picture" if unit.spec.MEDIA & VIDEO else "sound"
    intro = f"<p><b>{name_of(point)}</b>: the {kind} network of the first chunk, {escape(unit.spec.NAME)}.</p>"
    return f'{intro}<div class="tensors">{"".join(tensors)}</div>'


def _first_network(path: Path, medium: int) -> Unit:
    with opened(path) as file:
        for chunk in Reader(file).chunks():
            return next((unit for unit in chunk.units if unit.spec.MEDIA & medium), chunk.units[0])
    raise InvalidDataError("the file has no chunks")


def counts(values: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many values lie in each bin, at most BINS of them, all equally many integers wide."""
    low, span = int(values.min()), int(values.max()) - int(values.min()) + 1
    width = -(-span // BINS)
    return np.bincount((values.ravel() - low) // width, minlength=-(-span // width))


def _histogram(tensor: TensorSymbols) -> str:
    values, header = tensor.values, tensor.header
    weights = tensor.dequantize()
    bars = counts(values)
    step = WIDTH / len(bars)
    path = "".join(
        f"M{i * step:.1f} {HEIGHT}v{-HEIGHT * count / bars.max():.1f}h{step:.1f}V{HEIGHT}z"
        for i, count in enumerate(bars.tolist())
        if count
    )
    low, high = float(weights.min()), float(weights.max())
    zero = f'<path class="zero" d="M{WIDTH * -low / (high - low):.1f} 0V{HEIGHT}"/>' if low < 0 < high else ""
    shape = "×".join(str(size) for size in values.shape)
    used = len(np.unique(values))
    return (
        f"<figure><figcaption><b>{escape(tensor.name)}</b> {shape}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img">'
        f"<title>{escape(tensor.name)}: {number(bars.max())} weights in the fullest bin</title>"
        f'<path class="bars" d="{path}"/>{zero}</svg>'
        f'<div class="ends"><span>{significant(low)}</span><span>{significant(high)}</span></div>'
        f"<small>{number(values.size)} weights, σ {significant(float(weights.std()))}, "
        f"{number(used)} of {number(1 << header.bits)} levels</small></figure>"
    )
