"""`av-siren`: one network for picture and sound with a shared trunk."""

from __future__ import annotations

from itertools import pairwise

import torch
from inrv_format.families import AvSirenSpec
from torch import Tensor

from invr.fields.base import (
    Field,
    Layer,
    Rows,
    cell_coordinates,
    linear_layer,
    sine_layer,
    siren_hidden_,
    time_layer,
    uniform_,
)

AUDIO_BOUND = 25.0
VIDEO_BOUND = 2 / 3


class AvSiren(Field):
    """Unified audio-video network (Chalise et al. 2025, fig. 8-1).

    Every point that enters the trunk is a pair of a pixel and a sound sample. Pixel i (row-major over frames, rows,
    columns) is paired with sample i mod samples, and sample j with pixel j mod pixels. Their algorithm 3 reaches the
    same by repeating the shorter list; here only indices repeat.
    """

    spec: AvSirenSpec

    def initialise(self, generator: torch.Generator) -> None:
        """SIREN's start; first layers in +-25 for sound and +-2/3 for the picture (Chalise et al., table 8-3)."""
        uniform_(self["video_input.weight"], VIDEO_BOUND, generator)
        uniform_(self["audio_input.weight"], AUDIO_BOUND, generator)
        for name, weight in self.named_tensors():
            if name.endswith(".weight") and not name.endswith("input.weight"):
                siren_hidden_(weight, self.spec.omega, generator)

    def layers(self) -> list[Layer]:
        """Both inputs, whose outputs lie side by side, the trunk's, and the heads' own."""
        trunk = [f"shared{i}" for i in range(self.spec.depth)]
        heads = ("video", "audio0", "audio1")
        inputs = [Layer("video_input", (("shared0.weight", 0),))]
        inputs.append(Layer("audio_input", (("shared0.weight", self.spec.branch),)))
        shared = [Layer(name, ((f"{reader}.weight", 0),)) for name, reader in pairwise(trunk)]
        shared.append(Layer(trunk[-1], tuple((f"{head}_hidden.weight", 0) for head in heads)))
        return inputs + shared + [Layer(f"{head}_hidden", ((f"{head}_output.weight", 0),)) for head in heads]

    def phase_gain(self, name: str) -> float | None:
        """Of both first layers."""
        return self.spec.omega if name.startswith(("video_input.", "audio_input.")) else None

    def picture(self, rows: Rows) -> Tensor:
        """Values [R, W, C] at the points of `rows`, each paired with the sample of its nearest stored pixel."""
        pixels = self.pixel_index(rows)  # [R, W]
        trunk = self._trunk(self._pixels(rows), self._samples(pixels % self.domain.samples))
        return self._head(trunk, "video")

    def sound(self, t: Tensor) -> Tensor:
        """Amplitudes [2, N, C] at the times `t` [N], each paired with the pixel of its nearest stored sample."""
        domain = self.domain
        samples = ((t + 1) * (domain.samples / 2)).long().clamp(0, domain.samples - 1)
        trunk = self._trunk(self._pixels_at(samples % domain.pixels), self._audio_layer(t))
        return torch.stack([self._head(trunk, "audio0"), self._head(trunk, "audio1")])

    def pairs(self, pixels: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Picture values [N, C] and amplitudes [2, N, C] for N pairs given by their indices, for fitting."""
        trunk = self._trunk(self._pixels_at(pixels), self._samples(samples))
        return self._head(trunk, "video"), torch.stack([self._head(trunk, "audio0"), self._head(trunk, "audio1")])

    def sound_outputs(self) -> list[str]:
        """Tensors of the two sound heads' linear layers."""
        return [name for name, _ in self.named_tensors() if name.startswith("audio") and "output" in name]

    def pixel_index(self, rows: Rows) -> Tensor:
        """Row-major index [R, W] of the stored pixel nearest to each point."""
        domain = self.domain
        frame = (rows.frames + 0.5).long().clamp(0, domain.frames - 1)
        y = ((rows.y + 1) * (domain.height / 2)).long().clamp(0, domain.height - 1)
        x = ((rows.x + 1) * (domain.width / 2)).long().clamp(0, domain.width - 1)
        return ((frame * domain.height + y) * domain.width)[:, None] + x[None]

    def _pixels(self, rows: Rows) -> Tensor:
        """Video first layer [R, W, F] from one small product per axis."""
        weight, bias = self["video_input.weight"], self["video_input.bias"]
        t = cell_coordinates(rows.frames, self.domain.frames)
        row_term = torch.stack([rows.y, t], 1) @ weight[:, 1:].t() + bias
        phase = row_term[:, None] + rows.x[None, :, None] * weight[:, 0]
        return torch.sin(self.spec.omega * phase)

    def _pixels_at(self, index: Tensor) -> Tensor:
        """Video first layer [N, F] at stored pixels, by index."""
        domain = self.domain
        x = cell_coordinates(index % domain.width, domain.width)
        y = cell_coordinates(index // domain.width % domain.height, domain.height)
        t = cell_coordinates(index // (domain.width * domain.height), domain.frames)
        weight, bias = self["video_input.weight"], self["video_input.bias"]
        return sine_layer(torch.stack([x, y, t], 1), weight, bias, self.spec.omega)

    def _samples(self, index: Tensor) -> Tensor:
        """Audio first layer [..., F] at stored samples, by index."""
        t = (2 * index.reshape(-1).double() + 1) / self.domain.samples - 1
        return self._audio_layer(t).reshape(*index.shape, -1)

    def _audio_layer(self, t: Tensor) -> Tensor:
        return time_layer(t, self["audio_input.weight"], self["audio_input.bias"], self.spec.omega)

    def _trunk(self, pixels: Tensor, samples: Tensor) -> Tensor:
        hidden = torch.cat([pixels, samples], -1)
        for i in range(self.spec.depth):
            hidden = sine_layer(hidden, self[f"shared{i}.weight"], self[f"shared{i}.bias"], self.spec.omega)
        return hidden

    def _head(self, trunk: Tensor, head: str) -> Tensor:
        hidden = sine_layer(trunk, self[f"{head}_hidden.weight"], self[f"{head}_hidden.bias"], self.spec.omega)
        return linear_layer(hidden, self[f"{head}_output.weight"], self[f"{head}_output.bias"])
