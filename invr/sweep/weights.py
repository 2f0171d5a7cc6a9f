"""What quantization does to weights: signal-to-quantization-noise ratios and histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from inrv_format.chunk import Chunk
from inrv_format.streams import VideoStream
from inrv_format.tensors import TensorSymbols
from numpy.typing import NDArray

from invr.decode_chunk import Fields, build_fields, decode_picture
from invr.encode_chunk import EncodedChunk, FittedChunk
from invr.fields import Field
from invr.metrics.fidelity import decibels
from invr.sweep.results import Histogram, TensorNoise

BINS = 64
LEAST_SPAN = 1e-6


def sqnr_db(signal: NDArray[np.float64], quantized: NDArray[np.float64]) -> float:
    """10 log10(P_s / P_n) in dB (Chalise et al. 2025, eq. 6-8 to 6-10); infinite where nothing is lost."""
    return _ratio_db(float(np.sum(signal**2)), float(np.sum((signal - quantized) ** 2)))


@dataclass(slots=True)
class _Sums:
    """Over tensors of one name: whether they hold phases, and what they come to at one width."""

    phases: bool
    weights: int = 0
    bits: int = 0
    signal: float = 0.0
    noise: float = 0.0


class QuantizationNoise:
    """Energy of the weights and of their quantization errors at one width, summed over networks, tensor by tensor."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], _Sums] = {}

    def add(self, network: str, field: Field, symbols: TensorSymbols) -> None:
        """One tensor of a fitted field, and what was written of it."""
        phases = field.phase_gain(symbols.name) is not None
        sums = self._sums.setdefault((network, symbols.name), _Sums(phases))
        weights = _weights(field, symbols.name)
        sums.weights += weights.size
        sums.bits = max(sums.bits, symbols.header.bits)
        sums.signal += float(np.sum(weights**2))
        sums.noise += float(np.sum((weights - symbols.dequantize()) ** 2))

    def sqnr_db(self, *, phases: bool = True) -> float | None:
        """Of all weights together, or of those in tensors without phases; None where nothing is lost."""
        counted = [sums for sums in self._sums.values() if phases or not sums.phases]
        return _finite(_ratio_db(sum(each.signal for each in counted), sum(each.noise for each in counted)))

    def tensors(self) -> tuple[TensorNoise, ...]:
        """The same for the tensors of each name, in wire order."""
        return tuple(
            TensorNoise(*key, sums.phases, sums.weights, sums.bits, _finite(_ratio_db(sums.signal, sums.noise)))
            for key, sums in self._sums.items()
        )


class WeightWatch:
    """Looks at each chunk while `encode_variants` writes it at all `bits`.

    `noise` and `picture_db` have one entry for each width: the errors of all weights, and the SQNR of the middle
    frame of each chunk, that of the unquantized networks being the signal (Chalise et al. 2025, section 9.6; a frame
    that is the same counts 100 dB). `histograms` are of the first chunk, of one network of each medium.
    """

    def __init__(self, bits: Sequence[int], video: VideoStream | None) -> None:
        self._video = video
        self.noise = {each: QuantizationNoise() for each in bits}
        self.picture_db: dict[int, list[float]] = {each: [] for each in bits}
        self.payload_bytes = dict.fromkeys(bits, 0)
        self.histograms: tuple[Histogram, ...] = ()

    def __call__(self, fitted: FittedChunk, encoded: list[EncodedChunk]) -> None:
        """One chunk: its networks, and what was written of them at each width."""
        chunks = {bits: each.chunk for bits, each in zip(self.noise, encoded, strict=True)}
        for bits, chunk in chunks.items():
            self._measure(bits, fitted, chunk)
        if not self.histograms:
            self.histograms = _histograms(fitted, chunks)
        if self._video is not None and encoded[0].chunk.video is not None:
            self._compare_pictures(self._video, fitted, chunks)

    def _measure(self, bits: int, fitted: FittedChunk, chunk: Chunk) -> None:
        for field, unit in zip(fitted.fields, chunk.units, strict=True):
            self.payload_bytes[bits] += len(unit.payload)
            for symbols in unit.symbols():
                self.noise[bits].add(unit.spec.NAME, field, symbols)

    def _compare_pictures(self, video: VideoStream, fitted: FittedChunk, chunks: dict[int, Chunk]) -> None:
        fields = list(fitted.fields)
        device = next(fields[0].parameters()).device.type
        signal = _middle_frame(next(iter(chunks.values())), fields, video)
        for bits, chunk in chunks.items():
            frame = _middle_frame(chunk, build_fields(chunk, device), video)
            noise = float(np.sum((signal - frame) ** 2))
            self.picture_db[bits].append(decibels(float(np.sum(signal**2)), noise))


def _middle_frame(chunk: Chunk, fields: Fields, video: VideoStream) -> NDArray[np.float64]:
    assert chunk.video is not None
    middle = np.array([float(len(chunk.video.pts) // 2)])
    return next(decode_picture(chunk, fields, video, middle, (video.width, video.height))).astype(np.float64)


def _histograms(fitted: FittedChunk, chunks: dict[int, Chunk]) -> tuple[Histogram, ...]:
    found = []
    for number, (plan, field) in enumerate(zip(fitted.plans, fitted.fields, strict=True)):
        if plan.tile:
            continue
        units = {bits: chunk.units[number].symbols() for bits, chunk in chunks.items()}
        for place, (name, tensor) in enumerate(field.named_tensors()):
            quantized = {bits: symbols[place].dequantize() for bits, symbols in units.items()}
            found.append(_histogram(plan.spec.NAME, name, tuple(tensor.shape), _weights(field, name), quantized))
    return tuple(found)


def _histogram(
    network: str,
    tensor: str,
    shape: tuple[int, ...],
    weights: NDArray[np.float64],
    quantized: dict[int, NDArray[np.float32]],
) -> Histogram:
    low = min(float(weights.min()), *(float(each.min()) for each in quantized.values()))
    high = max(float(weights.max()), *(float(each.max()) for each in quantized.values()))
    # A tensor of one number spans nothing, or no more than its rounding.
    margin = max(0.0, LEAST_SPAN * max(abs(low), abs(high), 1.0) - (high - low))
    low, high = low - margin, high + margin

    def counts(values: NDArray[np.float64] | NDArray[np.float32]) -> list[int]:
        return [int(count) for count in np.histogram(values.astype(np.float64), BINS, (low, high))[0]]

    return Histogram(
        network,
        tensor,
        shape,
        low,
        high,
        counts(weights),
        {bits: counts(values) for bits, values in quantized.items()},
    )


def _weights(field: Field, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = field[name].detach().cpu().numpy().astype(np.float64)
    return values


def _ratio_db(signal: float, noise: float) -> float:
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
