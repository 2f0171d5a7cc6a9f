"""`audio-siren`: time in, amplitudes out, with Siamese heads whose difference estimates the noise."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from inrv_format.families import AudioSirenSpec
from torch import Tensor

from invr.fields.base import Field, Layer, linear_layer, sine_layer, siren_hidden_, time_layer, uniform_

LOWEST_HZ_PER_CHUNK = 1.0
NYQUIST_SHARE = 0.5


class AudioSiren(Field):
    """SIREN over time (Mahdi 2025, section 4.4.1), its first layer on a power-of-two embedding or on time itself."""

    spec: AudioSirenSpec

    def initialise(self, generator: torch.Generator) -> None:
        """SIREN's start; without an embedding the frequencies are log-uniform up to half the Nyquist limit.

        `start_at` then moves them to where the signal's own spectrum lies.
        """
        spec = self.spec
        first = self["first.weight"]
        if spec.octaves:
            uniform_(first, 1 / first.shape[1], generator)
        else:
            reach = max(2.0, NYQUIST_SHARE * self.domain.samples / 2)
            cycles = torch.exp(torch.rand(spec.first, generator=generator) * math.log(reach / LOWEST_HZ_PER_CHUNK))
            self.start_at(cycles, generator)
        for name, weight in self.named_tensors():
            if name.endswith(".weight") and name != "first.weight":
                siren_hidden_(weight, spec.omega, generator)

    def layers(self) -> list[Layer]:
        """The trunk's, of which the last is read by all heads, and the heads' own."""
        trunk = ["first", *(f"hidden{i}" for i in range(self.spec.depth))]
        heads = [f"head{head}" for head in range(self.spec.heads)]
        layers = [Layer(name, ((f"{reader}.weight", 0),)) for name, reader in pairwise(trunk)]
        if not self.spec.head_width:
            return [*layers, Layer(trunk[-1], tuple((f"{head}_output.weight", 0) for head in heads))]
        layers.append(Layer(trunk[-1], tuple((f"{head}_hidden.weight", 0) for head in heads)))
        return layers + [Layer(f"{head}_hidden", ((f"{head}_output.weight", 0),)) for head in heads]

    def phase_gain(self, name: str) -> float | None:
        """Of the first layer, unless there is an embedding."""
        return self.spec.omega if name.startswith("first.") and not self.spec.octaves else None

    def start_at(self, cycles: Tensor, generator: torch.Generator) -> None:
        """Set the first layer to frequencies of `cycles` [first] periods per chunk, with random phases."""
        phase = torch.rand(self.spec.first, generator=generator) * (2 * math.pi)
        with torch.no_grad():
            self["first.weight"].copy_(cycles[:, None] * math.pi / self.spec.omega)
            self["first.bias"].copy_(phase / self.spec.omega)

    def sound(self, t: Tensor) -> Tensor:
        """Amplitudes [heads, N, C] at the times `t` [N]."""
        spec = self.spec
        weight, bias = self["first.weight"], self["first.bias"]
        if spec.octaves:
            hidden = sine_layer(self._octaves(t), weight, bias, spec.omega)
        else:
            hidden = time_layer(t, weight, bias, spec.omega)
        for i in range(spec.depth):
            hidden = sine_layer(hidden, self[f"hidden{i}.weight"], self[f"hidden{i}.bias"], spec.omega)
        return torch.stack([self._head(hidden, f"head{head}") for head in range(spec.heads)])

    def sound_outputs(self) -> list[str]:
        """Tensors of the heads' linear layers."""
        return [name for name, _ in self.named_tensors() if "output" in name]

    def _head(self, hidden: Tensor, head: str) -> Tensor:
        if self.spec.head_width:
            weight, bias = self[f"{head}_hidden.weight"], self[f"{head}_hidden.bias"]
            hidden = sine_layer(hidden, weight, bias, self.spec.omega)
        return linear_layer(hidden, self[f"{head}_output.weight"], self[f"{head}_output.bias"])

    def _octaves(self, t: Tensor) -> Tensor:
        # Mahdi 2025 section 4.4.1: sin(2^k pi t), cos(2^k pi t); float64 as in embed.py
        octaves = torch.arange(self.spec.octaves, dtype=torch.float64, device=t.device)
        phase = torch.exp2(octaves) * math.pi * t.double()[:, None]
        return torch.stack([torch.sin(phase), torch.cos(phase)], dim=2).reshape(len(t), -1).float()


def dominant_cycles(values: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` frequencies, in periods over the span of `values` [N, C], drawn from its magnitude spectrum.

    Magnitudes, not powers, so that weak partials get their share (docs/research/fit.md).
    """
    spectrum = torch.fft.rfft(values, dim=0).abs().mean(1)
    spectrum[0] = 0
    if not spectrum.sum() > 0:
        spectrum = torch.ones_like(spectrum)
    bins = torch.multinomial(spectrum, count, replacement=True, generator=generator)
    return bins + torch.rand(count, generator=generator) - 0.5
