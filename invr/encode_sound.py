"""What sound asks of the encode of a chunk: its scale, its silence, and the network that is solved for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from inrv_format.families import Domain, LappedSpec
from inrv_format.streams import AUDIO, AudioStream, Stream
from inrv_format.unit import Unit, coded_unit
from numpy.typing import NDArray

from invr.config import REFERENCE_LMBDA, EncodeConfig
from invr.fields import Field
from invr.fields.lapped import Lapped
from invr.fit import FitProgress, SoundObjective, UnitPlan, choose_lapped, solve, squared_error
from invr.fit.loop import psnr_db
from invr.media import copy_packets, encode_packets
from invr.signals import AudioSignal, Signal

# Bits a second of a channel of Opus at quality 50, the share of each where there are several, and their range.
OPUS_BITS, OPUS_POWER, OPUS_FURTHER = 28_000, 0.4, 0.85
OPUS_RANGE = 6_000, 256_000


def lapped_spec(audio: AudioSignal, config: EncodeConfig) -> LappedSpec:
    """The lapped network that the sound gets at the config's price of bits."""
    values = torch.from_numpy(audio.values)
    return choose_lapped(values, audio.sample_rate_hz, config.fit.lmbda or REFERENCE_LMBDA)


def packet_unit(audio: AudioSignal, streams: Mapping[int, Stream], config: EncodeConfig) -> Unit:
    """The sound as packets of the codec that `config.audio` names, or as its own."""
    stream = next(stream for stream in streams.values() if isinstance(stream, AudioStream))
    samples, channels = audio.values.shape
    if config.audio == "copy":
        spec, packets = copy_packets(audio, stream.layout)
    else:
        opus = config.audio == "opus"
        spec, packets = encode_packets(
            audio.values,
            stream.sample_rate_hz,
            stream.layout,
            config.audio,
            bit_rate=opus_bit_rate(config.fit.lmbda or REFERENCE_LMBDA, channels) if opus else 0,
            bit_depth=stream.bit_depth,
        )
    return coded_unit(spec, Domain(samples=samples, channels=channels), packets)


def opus_bit_rate(lmbda: float, channels: int) -> int:
    """Bits a second of Opus at a price of a bit: about those of a network; 25 points of quality are twice as many."""
    each = OPUS_BITS * float((REFERENCE_LMBDA / lmbda) ** OPUS_POWER) * (1.0 if channels == 1 else OPUS_FURTHER)
    lowest, highest = OPUS_RANGE
    return round(channels * min(highest, max(lowest, each)))


def solved(
    field: Lapped, signal: Signal, config: EncodeConfig, report: Callable[[FitProgress], None]
) -> dict[str, float] | None:
    """Solve for the weights of a lapped network, and say so in one step; their quantization steps."""
    assert signal.audio is not None
    steps = solve(field, torch.from_numpy(signal.audio.values), config.fit.lmbda)
    error = squared_error(field, torch.from_numpy(signal.audio.values))
    report(FitProgress(config.fit.steps, config.fit.steps, psnr_db(error, SoundObjective.peak)))
    return steps


def scaled_sound(field: Field, steps: Mapping[str, float], gain: float) -> dict[str, float]:
    """Scale the sound that a field gives, in place; the quantization steps that go with it, if there are any."""
    names = field.sound_outputs()
    for name in names:
        field[name].detach().mul_(gain)
    return {name: step * (gain or 1.0) if name in names else step for name, step in steps.items()}


def is_silence(plan: UnitPlan, gain: float) -> bool:
    """Whether a network is to give nothing but silence, for which nothing need be fitted."""
    return plan.spec.MEDIA == AUDIO and gain == 0


def silenced(field: Field) -> Field:
    """The field with weights that take no bits."""
    for _, tensor in field.named_tensors():
        tensor.detach().zero_()
    return field


def normalised(audio: AudioSignal | None) -> tuple[NDArray[np.float32], float]:
    """Samples scaled to a peak from a half to one, and the gain that undoes it; zero for silence, so it stays silent.

    The gain is a power of two, so that scaled weights and steps stay exact.
    """
    assert audio is not None
    peak = float(np.abs(audio.values).max(initial=0.0))
    gain = math.ldexp(1.0, math.frexp(peak)[1]) if peak else 0.0
    return audio.values / np.float32(gain or 1.0), gain
