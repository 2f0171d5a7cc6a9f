"""`solve`: the weights of a lapped network in closed form, and which one a sound gets (docs/research/audio.md)."""

from __future__ import annotations

import math

import torch
from inrv_format.families import LappedSpec
from inrv_format.quantization import storable_scale
from torch import Tensor

from invr.config import REFERENCE_LMBDA
from invr.fields.lapped import Lapped, mid_side
from invr.fields.mdct import to_waves

# The hops that are tried, of those that last so long.
HOPS = (64, 128, 256, 512, 1024, 2048)
SHORTEST_HOP_S, LONGEST_HOP_S = 0.004, 0.05
# Long windows smear what begins within them: twice the hop must save such a share of the bits.
BITS_PER_OCTAVE = 0.05
# What lies above is not coded.
HIGHEST_HZ = 20_000
# Gains and floors last about so long.
SPAN_S = 0.045
EXPONENT = 1 / 0.7
# Of the loudness of a band, its gain is this power: noise may be louder where the sound is.
GAIN_POWER = 0.5
GAIN_STEP = 0.75
# Loudness below which gains do not follow.
SILENCE = 1e-6
# The step at the reference price of a bit, and how it follows that.
REFERENCE_STEP = 0.15
STEP_POWER = 0.5
# An amplitude is rounded up from 1 - ROUND_UP of a step on.
ROUND_UP = 0.35
# Noise in place of amplitudes that became 0 has this share of their loudness, in FLOOR_LEVELS levels below a step.
FLOOR_SHARE = 0.5
FLOOR_LEVELS = 8


def step_of(lmbda: float) -> float:
    """The quantization step of the weights at a price of a bit."""
    return storable_scale(REFERENCE_STEP * (lmbda / REFERENCE_LMBDA) ** STEP_POWER)


def choose_lapped(values: Tensor, sample_rate_hz: int, lmbda: float) -> LappedSpec:
    """The hop that takes the fewest bits for values [N, C], and whether two channels become sum and difference."""
    shortest, longest = SHORTEST_HOP_S * sample_rate_hz, LONGEST_HOP_S * sample_rate_hz
    hops = [hop for hop in HOPS if shortest <= hop <= longest] or [HOPS[0] if longest < HOPS[0] else HOPS[-1]]
    candidates = [_spec(hop, sample_rate_hz, joint) for hop in hops for joint in _pairings(values)]
    return min(candidates, key=lambda spec: expected_bits(spec, values, lmbda))


def expected_bits(spec: LappedSpec, values: Tensor, lmbda: float) -> float:
    """About what the weights would take, log2(1 + (w / step)^2) each, and what longer windows must be better by."""
    waves = analyse(spec, values)
    scaled = (waves / torch.exp2(_by_frame(spec, _gains(spec, waves), waves))).abs() ** (1 / spec.exponent)
    bits = float(torch.log2(1 + (scaled / step_of(lmbda)) ** 2).sum())
    return bits * (1 + BITS_PER_OCTAVE * math.log2(spec.hop))


@torch.no_grad()
def solve(field: Lapped, values: Tensor, lmbda: float) -> dict[str, float] | None:
    """Set the weights to those of values [N, C]; without a price of bits that is all.

    With `lmbda` they are rounded to quantization steps that follow from it, and where they become 0 a floor of noise
    takes their place; returns the steps by tensor.
    """
    spec = field.spec
    waves = analyse(spec, values)
    gain = _gains(spec, waves)
    scaled = waves / torch.exp2(_by_frame(spec, gain, waves))
    weights = scaled.sign() * scaled.abs() ** (1 / spec.exponent)
    field["gain"].copy_(_rows(gain))
    field["amplitude"].copy_(weights)
    if not lmbda:
        return None
    step = step_of(lmbda)
    rounded = weights.sign() * (weights.abs() / step + ROUND_UP).floor()
    floor_step = step / FLOOR_LEVELS
    floor = FLOOR_SHARE * _loudness(spec, scaled * (rounded == 0), rounded == 0)
    levels = (floor ** (1 / spec.exponent) / floor_step).round().clamp(0, FLOOR_LEVELS)
    field["amplitude"].copy_(rounded * step)
    field["floor"].copy_(_rows(levels * floor_step))
    return {"gain": GAIN_STEP, "amplitude": step, "floor": floor_step}


@torch.no_grad()
def squared_error(field: Lapped, values: Tensor) -> float:
    """Mean squared error at values [N, C]: that of the waves, which are orthonormal, beyond both ends of it too."""
    waves = analyse(field.spec, values)
    return float((waves - field.coefficients(0, waves.shape[1])).square().sum() / max(1, values.numel()))


def analyse(spec: LappedSpec, values: Tensor) -> Tensor:
    """What values [N, C] have of each wave: [C, K, B]."""
    channels = mid_side(values) if spec.joint else values
    count, hop = -(-len(values) // spec.hop) + 1, spec.hop
    padded = torch.zeros(channels.shape[1], (count + 1) * hop)
    padded[:, hop : hop + len(values)] = channels.t()
    return to_waves(padded.unfold(1, 2 * hop, hop), spec.waves)


def _spec(hop: int, sample_rate_hz: int, joint: bool) -> LappedSpec:
    waves = min(hop, math.ceil(hop * HIGHEST_HZ / (sample_rate_hz / 2)))
    span = min(255, max(1, round(SPAN_S * sample_rate_hz / hop)))
    return LappedSpec(hop, waves, span, joint, _stored(EXPONENT))


def _stored(exponent: float) -> float:
    """As the file's float32 holds it."""
    return float(torch.tensor(exponent, dtype=torch.float32))


def _pairings(values: Tensor) -> tuple[bool, ...]:
    return (False, True) if values.shape[1] == 2 else (False,)


def _gains(spec: LappedSpec, waves: Tensor) -> Tensor:
    """Logarithms of the gains of each band and span [C, R, J], in whole steps."""
    loudness = _loudness(spec, waves, torch.ones_like(waves)).clamp(min=SILENCE)
    return (GAIN_POWER * loudness.log2() / GAIN_STEP).round() * GAIN_STEP


def _loudness(spec: LappedSpec, waves: Tensor, chosen: Tensor) -> Tensor:
    """Root of the mean square of the `chosen` waves [C, K, B] (others are 0) in each band and span: [C, R, J]."""
    channels, frames, _ = waves.shape
    rows = torch.arange(frames) // spec.span
    found = []
    for begin, end in spec.bands:
        power, count = (
            torch.zeros(channels, -(-frames // spec.span)).index_add_(1, rows, each[:, :, begin:end].float().sum(2))
            for each in (waves.square(), chosen)
        )
        found.append((power / count.clamp(min=1)).sqrt())
    return torch.stack(found, dim=2)


def _by_frame(spec: LappedSpec, levels: Tensor, waves: Tensor) -> Tensor:
    """Levels of bands and spans [C, R, J] for each of the waves [C, K, B]."""
    widths = torch.tensor([end - begin for begin, end in spec.bands])
    return levels.repeat_interleave(spec.span, 1)[:, : waves.shape[1]].repeat_interleave(widths, 2)


def _rows(levels: Tensor) -> Tensor:
    """As a tensor of the network has them: [R, C J]."""
    return levels.transpose(0, 1).reshape(levels.shape[1], -1)
