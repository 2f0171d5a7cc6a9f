"""Uniform quantization of a tensor to integers of a given width (`spec/inrv.md` section 6.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from inrv_format.families.base import DELTA_TENSORS
from inrv_format.quantization import ASYMMETRIC, MAX_BITS, SYMMETRIC, TensorHeader, storable_scale
from inrv_format.tensors import Symbols, TensorSymbols
from numpy.typing import NDArray

from invr.config import QuantConfig
from invr.fields.base import Field

STEPS_PER_TURN = 256


def quantize(field: Field, config: QuantConfig, steps: Mapping[str, float] | None = None) -> Symbols:
    """Integers of every tensor of a fitted field, in wire order.

    `steps` are those that a fit with rate has learned, by tensor; `config` is not used then.
    """
    tensors = []
    for name, tensor in field.named_tensors():
        weights = tensor.detach().cpu().numpy().astype(np.float64)
        if steps is not None:
            tensors.append(quantize_by_step(name, weights, steps[name]))
            continue
        gain = field.phase_gain(name) if config.keep_phases else None
        bits = config.bits if gain is None else max(config.bits, phase_bits(weights, gain))
        if name in DELTA_TENSORS:
            tensors.append(quantize_by_step(name, weights, _symmetric(weights, max(2, bits)).scale))
        else:
            tensors.append(quantize_tensor(name, weights, bits, config.symmetric))
    return tuple(tensors)


def quantize_by_step(name: str, weights: NDArray[np.float64], step: float) -> TensorSymbols:
    """Integers q = round(w / step) or their differences, symmetric, in the fewest bits that hold them.

    A step that would take more than 24 bits is doubled until it does not.
    """
    scale = storable_scale(step)
    q = np.rint(weights / scale)
    if name in DELTA_TENSORS:
        q = np.diff(q, axis=0, prepend=0)
    bits = int(np.abs(q).max(initial=1.0)).bit_length() + 1
    if bits > MAX_BITS:
        return quantize_by_step(name, weights, 2 * scale)
    return TensorSymbols(name, TensorHeader(bits, SYMMETRIC, 0, scale), q.astype(np.int32))


def phase_bits(weights: NDArray[np.float64], gain: float) -> int:
    """The bits at which a step of the tensor moves a phase by at most a 256th of a turn, 24 at most.

    `gain` is in radians for one unit. A wave of 10,000 periods needs 22 bits, whatever the other tensors get.
    """
    largest_rad = gain * float(np.abs(weights).max(initial=0.0))
    steps = max(1.0, largest_rad * STEPS_PER_TURN / (2 * math.pi))
    return min(MAX_BITS, math.ceil(math.log2(steps + 1)) + 1)


def dequantize(symbols: Symbols, field: Field) -> None:
    """Set a field's tensors to the weights that the integers stand for."""
    import torch

    with torch.no_grad():
        for tensor in symbols:
            field[tensor.name].copy_(torch.from_numpy(tensor.dequantize()))


def quantize_tensor(name: str, weights: NDArray[np.float64], bits: int, symmetric: bool) -> TensorSymbols:
    """Integers q = round(w / s + z) (Chalise et al. 2025, eq. 5-9), clipped to the range of `bits`.

    At one bit the symmetric range holds only zero, so one bit is always asymmetric.
    """
    header = _symmetric(weights, bits) if symmetric and bits > 1 else _asymmetric(weights, bits)
    low, high = header.q_range
    q = np.rint(weights / header.scale + header.zero_point)
    return TensorSymbols(name, header, np.clip(q, low, high).astype(np.int32))


def _symmetric(weights: NDArray[np.float64], bits: int) -> TensorHeader:
    # eq. 5-12 and 5-14: s = max |w| / (2^(n-1) - 1), z = 0
    scale = np.abs(weights).max(initial=0.0) / ((1 << (bits - 1)) - 1)
    return TensorHeader(bits, SYMMETRIC, 0, _covering(scale))


def _asymmetric(weights: NDArray[np.float64], bits: int) -> TensorHeader:
    # eq. 5-11 and 5-13 with two deviations: 2^n - 1 steps, so that w_max is an integer of n bits too, and a
    # zero-point rounded to an integer, so that zero is exact; hence zero is always inside the range.
    low, high = min(weights.min(initial=0.0), 0.0), max(weights.max(initial=0.0), 0.0)
    scale = _covering((high - low) / ((1 << bits) - 1))
    return TensorHeader(bits, ASYMMETRIC, round(-low / scale), scale)


def _covering(scale: float) -> float:
    """The smallest scale that the file holds and that is not below `scale`, so that the range covers the weights."""
    mantissa, exponent = math.frexp(scale)
    return storable_scale(math.ldexp(math.ceil(mantissa * 256), exponent - 8))
