"""`lapped`: one layer of windowed cosines on a lattice of time and frequency, whose amplitudes are the weights."""

from __future__ import annotations

import math

import torch
from inrv_format.families import LappedSpec
from torch import Tensor

from invr.fields.base import Field
from invr.fields.mdct import to_windows, windowed_cosines
from invr.fields.parallel import POINTS_PER_BLOCK

# What is nearer to a sample than this is taken to be one.
SAMPLE_TOLERANCE = 1e-6
# Factors and shifts of the hash that gives noise its signs (`spec/inrv.md` 7.4).
HASH = ((0x9E3779B1, 15), (0x85EBCA77, 13), (0xC2B2AE3D, 16))
WORD = 0xFFFFFFFF


class Lapped(Field):
    """A lapped transform (MDCT; Princen and Bradley 1986, Malvar 1990) as a network: its layer is fixed, its weights
    are the amplitudes, each with a power and a gain, so that a fit has a closed form (`invr/fit/closed.py`).
    """

    # Frames at both ends of a block are evaluated for it and for the block beside it.
    SOUND_POINTS = 1 << 16

    spec: LappedSpec

    def initialise(self, generator: torch.Generator) -> None:
        """Silence."""
        del generator

    def sound(self, t: Tensor) -> Tensor:
        """Amplitudes [1, N, C] at the times `t` [N]."""
        place = ((t.double() + 1) * self.domain.samples - 1) / 2
        near = place.round()
        place = torch.where((place - near).abs() < SAMPLE_TOLERANCE, near, place)
        row = near[0] + torch.arange(len(place), device=place.device)
        if bool((place == row).all()):
            channels = self._row(int(near[0]), len(place))
        else:
            channels = torch.cat([self._between(part) for part in torch.split(place, POINTS_PER_BLOCK)])
        return (mid_side(channels) if self.spec.joint else channels)[None]

    def _row(self, first: int, count: int) -> Tensor:
        """Channels [N, C] at N samples in a row."""
        hop, last = self.spec.hop, self.spec.frames(self.domain) - 2
        begin, end = (min(max(place // hop, 0), last) for place in (first, first + count - 1))
        windows = to_windows(self.coefficients(begin, end + 2), hop)  # [C, F + 1, 2 hop]
        values = (windows[:, :-1, hop:] + windows[:, 1:, :hop]).flatten(1)
        return values[:, first - begin * hop :][:, :count].t()

    def _between(self, place: Tensor) -> Tensor:
        """Channels [N, C] at any places [N], in samples."""
        hop = self.spec.hop
        frame = (place / hop).floor().long().clamp(0, self.spec.frames(self.domain) - 2)
        first, last = int(frame.min()), int(frame.max())
        waves = self.coefficients(first, last + 2)  # [C, F + 1, B]
        phases, which = torch.unique(place - frame * hop, return_inverse=True)
        rising, falling = (windowed_cosines(each, hop, self.spec.waves) for each in (phases, phases + hop))
        values = waves[:, :-1] @ falling.t() + waves[:, 1:] @ rising.t()  # [C, F, U]
        return values[:, frame - first, which].t()

    def coefficients(self, first: int, last: int) -> Tensor:
        """What the frames from `first` to `last` have of each wave: [C, frames, B]."""
        amplitude, exponent = self["amplitude"][:, first:last], self.spec.exponent
        gain = torch.exp2(self._by_band("gain", first, last))
        noise = gain * self._by_band("floor", first, last).abs() ** exponent
        widths = torch.tensor([end - begin for begin, end in self.spec.bands], device=gain.device)
        band = torch.arange(len(widths), device=gain.device).repeat_interleave(widths)  # [B]
        gain, noise = gain.index_select(2, band), noise.index_select(2, band)
        tone = gain * torch.sign(amplitude) * amplitude.abs() ** exponent
        return torch.where(amplitude == 0, noise * self._signs(first, last), tone)

    def _by_band(self, name: str, first: int, last: int) -> Tensor:
        """What a tensor has for each band and span, for each frame: [C, frames, J]."""
        tensor = self[name]
        rows = torch.arange(first, last, device=tensor.device) // self.spec.span
        return tensor.view(len(tensor), -1, len(self.spec.bands))[rows].transpose(0, 1)

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
