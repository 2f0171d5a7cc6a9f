"""Input embeddings of one axis, evaluated per axis because they are separable (`spec/inrv.md` section 7.1)."""

from __future__ import annotations

import math

import torch
from inrv_format.families.siren import GAUSSIAN, POWER
from torch import Tensor

PAPER_BASE = 1.4


def embed_axis(kind: int, p: Tensor, length: int, scale: float) -> Tensor:
    """Embedding [N, L] of the coordinates `p` [N] in [-1, 1]; L = 2 length for POWER, length for GAUSSIAN.

    Computed in float64 and rounded once, because sigma^k pi p loses all precision in float32 for large k.
    """
    p = p.double()[:, None]
    if length == 0:
        return p.new_zeros(len(p), 0).float()
    if kind == POWER:
        # Singh and Iacob (INVR) eq. 2: sin(sigma^k pi p), cos(sigma^k pi p), k = 0 .. length - 1
        phase = torch.pow(scale, torch.arange(length, dtype=torch.float64, device=p.device)) * math.pi * p
        return torch.stack([torch.sin(phase), torch.cos(phase)], dim=2).reshape(len(p), 2 * length).float()
    if kind == GAUSSIAN:
        # INVR eq. 3, with the centres spread over [-1, 1] instead of standing at the integers 0 .. length - 1
        steps = torch.arange(length, dtype=torch.float64, device=p.device)
        centres = 2 * steps / (length - 1) - 1 if length > 1 else steps
        return torch.exp(-((p - centres) ** 2) / (2 * scale * scale)).float()
    raise ValueError(f"embedding {kind} has no axis form")


def grid_base(count: int, length: int) -> float:
    """The base sigma that keeps the highest of `length` frequencies at the Nyquist limit of `count` cells.

    INVR's fixed 1.4 goes far beyond it (1.4^63 for length 64), so that a picture asked for at any other grid is
    noise; with sigma^(length - 1) <= count / 2 the function is smooth between the fitted points.
    """
    if length < 2:
        return 1.0
    highest = max(1.0, count / 2)
    return min(PAPER_BASE, math.exp(math.log(highest) / (length - 1)))
