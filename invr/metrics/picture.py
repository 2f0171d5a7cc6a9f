"""Scores of frames against their source, frame by frame, and their means over a clip."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from functools import partial

import numpy as np
import torch
from inrv_format.errors import InputError, UnsupportedError
from numpy.typing import NDArray
from torch import Tensor

from invr.metrics.fidelity import decibels
from invr.metrics.lpips import lpips_distance
from invr.metrics.optional import imported

Frame = NDArray[np.uint8] | NDArray[np.uint16]
Score = Callable[[Tensor, Tensor], float]

SSIM_WINDOW = 11
MS_SSIM_SCALES = 5
# Weights of Y, U and V in one number, as in the HEVC and VVC common test conditions.
YUV_WEIGHTS = (6 / 8, 1 / 8, 1 / 8)
BT601_WEIGHTS = (0.299, 0.114)


class PictureScorer:
    """Scores pairs of frames [H, W, C] (C = 3 for R, G, B, or 1 for grey), full range, of one size and bit depth.

    `wanted` are names of PICTURE_METRICS; PSNR is always measured. `frames` holds one list a score, in the order of
    `add`; `missing` says why a wanted score is not among them. `luma_weights` are Kr and Kb of the source's YUV
    (ITU-T H.273 table 4).
    """

    def __init__(
        self, bit_depth: int, wanted: Collection[str], luma_weights: tuple[float, float] = BT601_WEIGHTS
    ) -> None:
        unknown = sorted(set(wanted) - set(PICTURE_METRICS))
        if unknown:
            raise InputError(f"picture metric {unknown[0]}: allowed are {', '.join(PICTURE_METRICS)}")
        self.frames: dict[str, list[float]] = {}
        self.missing: dict[str, str] = {}
        self._peak = float((1 << bit_depth) - 1)
        self._to_yuv = _yuv_matrix(*luma_weights)
        self._wanted = [name for name in PICTURE_METRICS if name in wanted]
        self._errors: dict[str, list[float]] = {name: [] for name in ("rgb", "y", "u", "v")}

    def add(self, reference: Frame, decoded: Frame) -> dict[str, float]:
        """Score one pair of frames; returns its scores."""
        scores = self._psnr(reference, decoded)
        if self._wanted:
            pair = (self._image(reference), self._image(decoded))
            for name in [name for name in self._wanted if name not in self.missing]:
                try:
                    scores[name] = PICTURE_METRICS[name](*pair)
                except (InputError, UnsupportedError) as error:
                    self.missing[name] = str(error)
        for name, score in scores.items():
            self.frames.setdefault(name, []).append(score)
        return scores

    def means(self) -> dict[str, float]:
        """Means over frames under the scores' own names; `*_mse_db` is the PSNR of the mean squared error instead."""
        scores = {name: math.fsum(values) / len(values) for name, values in self.frames.items()}
        over_mse = {part: self._decibels(float(np.mean(errors))) for part, errors in self._errors.items() if errors}
        if over_mse:
            yuv = sum(weight * over_mse[part] for weight, part in zip(YUV_WEIGHTS, "yuv", strict=True))
            scores |= {f"psnr_{part}_mse_db": value for part, value in over_mse.items()} | {"psnr_yuv_mse_db": yuv}
        return scores

    def _psnr(self, reference: Frame, decoded: Frame) -> dict[str, float]:
        """PSNR over R, G, B together, of Y, U and V at full resolution, and of these three weighted 6:1:1."""
        error = reference.astype(np.float32) - decoded.astype(np.float32)
        planes = np.broadcast_to(error, (*error.shape[:2], 3)) @ self._to_yuv.T
        values = {"rgb": _mean_square(error)}
        values |= {part: _mean_square(planes[..., k]) for k, part in enumerate("yuv")}
        for part, value in values.items():
            self._errors[part].append(value)
        scores = {f"psnr_{part}_db": self._decibels(value) for part, value in values.items()}
        parts = [scores[f"psnr_{part}_db"] for part in "yuv"]
        scores["psnr_yuv_db"] = sum(weight * score for weight, score in zip(YUV_WEIGHTS, parts, strict=True))
        return scores

    def _decibels(self, error: float) -> float:
        return decibels(self._peak**2, error)

    def _image(self, frame: Frame) -> Tensor:
        """A frame as float32 [1, 3, H, W] in [0, 1]."""
        values = np.broadcast_to(frame, (*frame.shape[:2], 3)).astype(np.float32) / np.float32(self._peak)
        return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))[None]


def _mean_square(error: NDArray[np.float32]) -> float:
    return float(np.mean(error * error, dtype=np.float64))


def _yuv_matrix(kr: float, kb: float) -> NDArray[np.float32]:
    """R, G, B to Y, U, V [3, 3], all full range (ITU-T H.273 eq. 38 to 40)."""
    luma = np.array([kr, 1 - kr - kb, kb])
    u = (np.array([0.0, 0.0, 1.0]) - luma) / (2 * (1 - kb))
    v = (np.array([1.0, 0.0, 0.0]) - luma) / (2 * (1 - kr))
    return np.stack([luma, u, v]).astype(np.float32)


def _structural(reference: Tensor, decoded: Tensor, *, scales: int) -> float:
    """SSIM (Wang et al. 2004) or MS-SSIM (Wang et al. 2003), mean over R, G, B, by pytorch-msssim."""
    metric = "SSIM" if scales == 1 else "MS-SSIM"
    smallest = (SSIM_WINDOW - 1) * (1 << (scales - 1)) + 1
    if min(reference.shape[2:]) < smallest:
        raise InputError(f"{metric} needs pictures of at least {smallest} pixels a side")
    library = imported("pytorch_msssim", "metrics", metric)
    measure = library.ssim if scales == 1 else library.ms_ssim
    with torch.no_grad():
        return float(measure(reference, decoded, data_range=1.0, win_size=SSIM_WINDOW))


# A new score is one function of two images [1, 3, H, W] in [0, 1], and one line here.
PICTURE_METRICS: dict[str, Score] = {
    "ssim": partial(_structural, scales=1),
    "ms_ssim": partial(_structural, scales=MS_SSIM_SCALES),
    "lpips": lpips_distance,
}
