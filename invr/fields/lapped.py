"""`lapped`: one layer of windowed cosines on a lattice of time and frequency, whose amplitudes are the weights."""

from __future__ import annotations

import math

import torch
from inrv_format.families import LappedSpec
from torch import Tensor

from invr.fields.base import Field
from invr.fields.mdct import to_windows, windowed_cosines

# What is nearer to a sample than this is taken to be one.
SAMPLE_TOLERANCE = 1e-6
# Factors and shifts of the hash that gives noise its signs (`spec/inrv.md` 7.4).
HASH = ((0x9E3779B1, 15), (0x85EBCA77, 13), (0xC2B2AE3D, 16))
WORD = 0xFFFFFFFF


class Lapped(Field):
    """A lapped transform (MDCT; Princen and Bradley 1986, Malvar 1990) as a network: its layer is fixed, its weights
    are the amplitudes, each with a power and a gain, so that a fit has a closed form (`invr/fit/closed.py`).
    """

    spec: LappedSpec

    def initialise(self, generator: torch.Generator) -> None:
        """Silence."""
        del generator

    def sound(self, t: Tensor) -> Tensor:
        """Amplitudes [1, N, C] at the times `t` [N]."""
        hop, count = self.spec.hop, self.spec.frames(self.domain)
        place = ((t.double() + 1) * self.domain.samples - 1) / 2
        near = place.round()
        place = torch.where((place - near).abs() < SAMPLE_TOLERANCE, near, place)
        frame = (place / hop).floor().long().clamp(0, count - 2)
        first, last = int(frame.min()), int(frame.max())
        waves = self.coefficients(first, last + 2)  # [C, F + 1, B]
        if bool((place == near[0] + torch.arange(len(place), device=place.device)).all()):
            halves = to_windows(waves, hop)  # [C, F + 1, 2 hop]
            values = (halves[:, :-1, hop:] + halves[:, 1:, :hop]).flatten(1)
            start = int(near[0]) - first * hop
            channels = values[:, start : start + len(place)].t()
        else:
            phases, which = torch.unique(place - frame * hop, return_inverse=True)
            rising, falling = (windowed_cosines(each, hop, self.spec.waves) for each in (phases, phases + hop))
            values = waves[:, :-1] @ falling.t() + waves[:, 1:] @ rising.t()  # [C, F, U]
            channels = values[:, frame - first, which].t()
        if self.spec.joint:
            channels = mid_side(channels)
        return channels[None]

    def coefficients(self, first: int, last: int) -> Tensor:
        """What the frames from `first` to `last` have of each wave: [C, frames, B]."""
        amplitude = self["amplitude"][:, first:last]
        gain, floor = self._by_wave("gain", first, last), self._by_wave("floor", first, last)
        weights = torch.where(amplitude == 0, floor.abs() * self._signs(first, last), amplitude)
        return torch.exp2(gain) * torch.sign(weights) * weights.abs() ** self.spec.exponent

    def _by_wave(self, name: str, first: int, last: int) -> Tensor:
        """What a tensor has for each band and span, for each wave and frame: [C, frames, B]."""
        tensor, bands = self[name], self.spec.bands
        rows = torch.arange(first, last, device=tensor.device) // self.spec.span
        widths = torch.tensor([end - begin for begin, end in bands], device=tensor.device)
        return tensor.view(len(tensor), -1, len(bands))[rows].transpose(0, 1).repeat_interleave(widths, 2)

    def _signs(self, first: int, last: int) -> Tensor:
        """Of the noise: [C, frames, B] of 1 and -1."""
        channels, frames, waves = self["amplitude"].shape
        device = self["amplitude"].device
        row = torch.arange(channels, device=device)[:, None] * frames + torch.arange(first, last, device=device)
        number = row[..., None] * waves + torch.arange(waves, device=device) + 1
        # products wrap at 2^64, which leaves their lower 32 bits as they are
        for factor, shift in HASH:
            number = (number * factor) & WORD
            number = number ^ (number >> shift)
        return 1.0 - 2.0 * (number >> 31).float()


def mid_side(channels: Tensor) -> Tensor:
    """Sum and difference [N, 2] of two channels over the root of 2; its own inverse."""
    one, other = channels.unbind(1)
    return torch.stack([one + other, one - other], dim=1) * math.sqrt(0.5)
