"""Speed of fits in batches and of decoding on a device, against what its matrix products reach."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from inrv_format.chunk import TileGrid
from inrv_format.families import Domain
from torch.utils.flop_counter import FlopCounterMode

from invr.config import FitConfig, ModelConfig
from invr.fields import Field, build_field
from invr.fields.parallel import parallel_map
from invr.fields.render import Evaluation, PictureGrid, axis_centres, render_pictures, to_pixels
from invr.fit import PictureObjective, Problem, fit, fit_batch, plan_units
from invr.fit.sizing import TILE_OVERLAP

# A price of bits, so that all three phases are measured.
LMBDA = 0.03
MATMUL_REPEATS = 5
LONGER = 5
# In the rows of a table, the fit of one network by itself.
ALONE = 0


@dataclass(frozen=True, slots=True)
class FitShape:
    """What is fitted: `width` units a layer, `frames` of `size` (width, height), `steps` in the shorter fit."""

    width: int
    size: tuple[int, int]
    frames: int
    steps: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class FitRate:
    """`batch` networks at once (ALONE: one, by `fit`) take `steps_per_s` steps each; `flops` are all products'."""

    batch: int
    precision: str
    graphs: bool
    steps_per_s: float
    flops: float

    @property
    def networks(self) -> int:
        """How many there are."""
        return max(1, self.batch)

    def fits_per_s(self, steps: int) -> float:
        """Networks of so many steps that are fitted in a second."""
        return self.networks * self.steps_per_s / steps


@dataclass(frozen=True, slots=True)
class DecodeRate:
    """Frames of `size` a second, from so many tiles, `frames_at_once` (0: as many as suit the device)."""

    size: tuple[int, int]
    tiles: tuple[int, int]
    frames_at_once: int
    frames_per_s: float


def seconds_of(work: Callable[[], object], device: str) -> float:
    """Of the processor for work on a CPU, by the clock on the wall for a GPU, which must have finished."""
    if device == "cpu":
        started = time.process_time()
        work()
        return time.process_time() - started
    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def matmul_flops(device: str, precision: str, size: int) -> float:
    """FLOP/s of the best of several products of two square matrices."""
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = (torch.rand(size, size, device=device).to(dtype) for _ in range(2))
    torch.mm(a, b)
    return 2 * size**3 / min(seconds_of(lambda: torch.mm(a, b), device) for _ in range(MATMUL_REPEATS))


def fit_rates(shape: FitShape, variants: Sequence[tuple[int, str, bool]], device: str, repeats: int) -> list[FitRate]:
    """The best of `repeats` for each (batch, precision, graphs), measured in turn.

    A fit of LONGER times the steps less one of them is timed, so that what is done once does not count.
    """
    best = {variant: [math.inf, math.inf] for variant in variants}
    for _ in range(repeats):
        for batch, precision, graphs in variants:
            config = replace(_config(shape), precision=precision, graphs=graphs)
            least = best[batch, precision, graphs]
            for place, steps in enumerate((shape.steps, LONGER * shape.steps)):
                took_s = _fit_seconds(shape, replace(config, steps=steps), batch, device)
                least[place] = min(least[place], took_s)
    flops = flops_of_a_step(shape)
    rates = []
    for (batch, precision, graphs), (short_s, long_s) in best.items():
        # where a step is too short for the clock, what is done once counts
        took_s = (long_s - short_s) / (LONGER - 1) if long_s > short_s else long_s / LONGER
        steps_per_s = shape.steps / took_s
        rates.append(FitRate(batch, precision, graphs, steps_per_s, flops * max(1, batch) * steps_per_s))
    return rates


def flops_of_a_step(shape: FitShape) -> float:
    """Of the products in a step of one network, forward, backward and in the optimizer."""
    counts = []
    for steps in (1, 2):
        counter = FlopCounterMode(display=False)
        with counter:
            _fit(problems_of(shape, 1, "cpu"), replace(_config(shape), steps=steps), ALONE)
        counts.append(counter.get_total_flops())
    return float(counts[1] - counts[0])


def problems_of(shape: FitShape, count: int, device: str) -> list[Problem]:
    """So many networks at their starts, and a moving pattern to fit them to."""
    (width, height), config = shape.size, _config(shape)
    t, y, x = np.meshgrid(np.arange(shape.frames), np.arange(height), np.arange(width), indexing="ij")
    pattern = np.stack([np.sin(0.21 * x + 0.2 * y + 0.3 * t), np.cos(0.13 * x - 0.2 * t), np.sin(0.3 * y)], -1)
    values = (127.5 + 100 * pattern).astype(np.uint8)
    made = []
    for seed in range(count):
        objective = PictureObjective(values, 8, config, device)
        made.append(Problem(_field(Domain(*values.shape), shape.width, seed).to(device), objective, seed))
    return made


def decode_rate(
    size: tuple[int, int], tiles: tuple[int, int], width: int, frames: int, frames_at_once: int, device: str
) -> DecodeRate:
    """Frames a second, tile by tile to integers; tiles are not blended."""
    grid = TileGrid(*tiles, overlap=TILE_OVERLAP if tiles != (1, 1) else 0)
    placed: list[tuple[Field, PictureGrid]] = []
    for tile in range(grid.columns * grid.rows):
        (top, bottom), (left, right) = grid.tile(tile, size[1], size[0])
        field = _field(Domain(frames, bottom - top, right - left, 3), width, tile).to(device)
        y, x = (axis_centres(0, count, count, 0, count) for count in (bottom - top, right - left))
        placed.append((field, PictureGrid(y, x)))

    def decoded() -> None:
        with parallel_map() as block_map:
            positions, evaluation = np.arange(frames, dtype=np.float64), Evaluation(frames_at_once)
            for pictures in render_pictures(placed, positions, block_map, evaluation):
                for picture in pictures:
                    to_pixels(picture, 8)

    decoded()
    return DecodeRate(size, tiles, frames_at_once, frames / seconds_of(decoded, device))


def _config(shape: FitShape) -> FitConfig:
    return FitConfig(rows=shape.rows, columns=shape.columns, lmbda=LMBDA, checks=1)


def _field(domain: Domain, width: int, seed: int) -> Field:
    """A network as an encoder would take it, but for its width."""
    shape = (domain.frames, domain.height, domain.width, domain.components)
    (plan,) = plan_units(shape, None, None, ModelConfig(picture_shape=(width, 5)))
    field = build_field(plan.spec, domain)
    field.initialise(torch.Generator().manual_seed(seed))
    return field


def _fit_seconds(shape: FitShape, config: FitConfig, batch: int, device: str) -> float:
    problems = problems_of(shape, max(1, batch), device)
    return seconds_of(lambda: _fit(problems, config, batch), device)


def _fit(problems: list[Problem], config: FitConfig, batch: int) -> None:
    if batch == ALONE:
        (one,) = problems
        fit(one.field, one.objective, config, one.seed, lambda _: None)
    else:
        fit_batch(problems, config, lambda *_: None)
