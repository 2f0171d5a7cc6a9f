"""What the networks of an `.inrv` file compute, step by step as `spec/inrv.md` section 7 has it; slow and plain."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Record = Any


def coordinate(cell: Array, count: int) -> Array:
    """Centres of cells among count, in [-1, 1] (7)."""
    return ((2 * cell + 1) / count - 1).astype(np.float32)


def layer(unit: Record, weights: dict[str, Array], name: str, z: Array) -> Array:
    """W z + b for rows z [Q, inputs], then the activation but for outputs; z itself if there is no such layer."""
    if f"{name}.weight" not in weights:
        return z
    exact = z.dtype == np.float64  # times of sound: phases in binary64, reduced by whole turns (7.3)
    z = z @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    if name.endswith("output"):
        return z
    if exact:
        return np.asarray(np.sin(np.remainder(unit.spec.omega * z, 2 * math.pi).astype(np.float32)))
    relu = getattr(unit.spec, "activation", 0) == 1
    return np.asarray(np.maximum(z, 0) if relu else np.sin(np.float32(unit.spec.omega) * z))


def embed(place: Array, kind: int, length: int, scale: float) -> list[Array]:
    """Functions of a coordinate in binary64: 1 sin(s^k pi p), cos(s^k pi p), else exp(-(p - c_k)^2 / 2 s^2) (7.1)."""
    exact = place.astype(np.float64)
    if kind == 1:
        return [wave(scale**k * math.pi * exact) for k in range(length) for wave in (np.sin, np.cos)]
    centres = [-1 + 2 * k / (length - 1) for k in range(length)] if length > 1 else [0.0] * length
    return [np.exp(-((exact - centre) ** 2) / (2 * scale * scale)) for centre in centres]


def inputs(unit: Record, weights: dict[str, Array], point: Array) -> Array:
    """What the trunk sees [Q, inputs] at numbers of pixels or samples; av-siren pairs them by remainders (7.2)."""
    spec, (frames, height, width) = unit.spec, unit.grid
    if unit.family == 3:
        t = (2 * point + 1) / unit.samples - 1
        return np.stack(embed(t, 1, spec.octaves, 2.0), axis=1).astype(np.float32) if spec.octaves else t[:, None]
    column, row, frame = point % width, point // width % height, point // (width * height) % frames
    x, y, t = coordinate(column, width), coordinate(row, height), coordinate(frame, frames)
    if unit.family == 2:
        seen = layer(unit, weights, "video_input", np.stack([x, y, t], axis=1))
        heard = ((2 * (point % unit.samples) + 1) / unit.samples - 1)[:, None]
        return np.concatenate([seen, layer(unit, weights, "audio_input", heard)], axis=1)
    if spec.motion:
        a, b, c, d, e, f = weights["motion"][frame].T
        u, v = displacements(unit, weights, x, y, t) if spec.motion == 2 else (0, 0)
        x, y = (1 + a) * x + b * y + c + u, d * x + (1 + e) * y + f + v
    columns = [x, y, t]
    if spec.embedding in (1, 2):
        for place, length, scale in zip((x, y, t), spec.lengths, spec.scales, strict=True):
            columns += embed(place, spec.embedding, length, scale)
    return np.stack(columns, axis=1).astype(np.float32)


def displacements(unit: Record, weights: dict[str, Array], *places: Array) -> Array:
    """[2, Q] at the places x, y, t, linear between the nodes of the grid of motion along each axis (7.1)."""
    across, along, times = unit.spec.lengths
    grid = weights["motion.grid"].reshape(times, 2, along, across)
    found, axes = np.zeros((2, len(places[0])), np.float32), []
    for place, count in zip(places, unit.spec.lengths, strict=True):
        position = (np.clip(place, -1, 1) + 1) / 2 * (count - 1)
        before = np.minimum(position.astype(np.int64), count - 2)
        axes.append([(before, 1 - (position - before)), (before + 1, position - before)])
    for (i, by_x), (j, by_y), (k, by_t) in itertools.product(*axes):
        found += grid[k, :, j, i].T * (by_x * by_y * by_t)
    return found


def windows(unit: Record, weights: dict[str, Array], point: Array) -> Array:
    """Factors [Q, first] of the first layer's outputs, with embedding 3 (7.1)."""
    frames, height, width = unit.grid
    cells = ((point % width, width), (point // width % height, height), (point // (width * height), frames))
    away: Array = np.zeros((len(point), unit.spec.first), np.float32)
    for axis, (cell, count) in enumerate(cells):
        centre, sharpness = weights["first.window"][:, axis], weights["first.window"][:, 3 + axis]
        away += np.square((coordinate(cell, count)[:, None] - centre) * sharpness)
    return np.exp(-away)


def lapped_bands(waves: int) -> Array:
    """Number of the band of each wave (7.4)."""
    ends = [0]
    while ends[-1] < waves:
        ends.append(min(waves, ends[-1] + max(4, ends[-1] // 4)))
    return np.repeat(np.arange(len(ends) - 1), np.diff(ends))


def lapped_shapes(spec: Record, samples: int, channels: int) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape of each tensor of a lapped network in wire order (7.4)."""
    frames, bands = -(-samples // spec.hop) + 1, int(lapped_bands(spec.waves)[-1]) + 1
    by_band = (-(-frames // spec.span), channels * bands)
    return [("gain", by_band), ("amplitude", (channels, frames, spec.waves)), ("floor", by_band)]


def lapped_amplitudes(spec: Record, weights: dict[str, Array]) -> Array:
    """X [channels, frames, waves]; where an amplitude is 0, the floor's with a sign by a hash (7.4)."""
    w, bands = weights["amplitude"], lapped_bands(spec.waves)
    i = (np.arange(w.size) + 1).astype(np.uint32).reshape(w.shape)
    for factor, shift in ((0x9E3779B1, 15), (0x85EBCA77, 13), (0xC2B2AE3D, 16)):
        i = i * np.uint32(factor)
        i ^= i >> np.uint32(shift)
    spans = np.arange(w.shape[1]) // spec.span
    gain, floor = (
        weights[name].reshape(-1, len(w), int(bands[-1]) + 1)[spans].transpose(1, 0, 2)[..., bands]
        for name in ("gain", "floor")
    )
    w = np.where(w == 0, np.where(i >= 1 << 31, -1, 1) * np.abs(floor), w)
    return np.asarray(np.exp2(gain) * np.sign(w) * np.abs(w) ** np.float32(spec.exponent))


def lapped(unit: Record, weights: dict[str, Array]) -> Array:
    """Samples [samples, channels]: each frame's windowed cosines added over the two hops that it covers (7.4)."""
    hop, amplitudes = unit.spec.hop, lapped_amplitudes(unit.spec, weights)
    m = np.arange(2 * hop)[:, None] + 0.5
    cosines = np.cos(math.pi / hop * (m + hop / 2) * (np.arange(unit.spec.waves) + 0.5))
    factors = (math.sqrt(2 / hop) * np.sin(math.pi * m / (2 * hop)) * cosines).astype(np.float32)
    channels, frames, _ = amplitudes.shape
    sound = np.zeros((channels, frames + 1, hop), np.float32)  # the first hop lies before the first sample
    for k in range(frames):
        sound[:, k : k + 2] += (amplitudes[:, k] @ factors.T).reshape(channels, 2, hop)
    samples = sound[:, 1:].reshape(channels, -1)[:, : unit.samples]
    if unit.spec.joint:
        samples = np.stack([samples[0] + samples[1], samples[0] - samples[1]]) / np.float32(math.sqrt(2))
    return samples.T
