"""Which networks a chunk gets, and how large they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from inrv_format.chunk import TileGrid
from inrv_format.families import AudioSirenSpec, AvSirenSpec, Domain, LappedSpec, SirenSpec, Spec
from inrv_format.families.base import DELTA_TENSORS, count_weights
from inrv_format.families.siren import GABOR, GAUSSIAN, GRID, POWER, RELU, SINE, STILL, WAVES

from invr.config import MOTIONS, ModelConfig
from invr.fields.embed import grid_base

# A 720p frame must decode in 2 s on two cores, so one network never exceeds the last of these widths.
PICTURE_WIDTHS = (8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 64, 72)
SOUND_WIDTHS = (16, 24, 32, 40, 48, 64, 80)
# Weights for each pixel of each frame, where nothing else is known.
DENSITY = 0.015
SOUND_DENSITY = 0.12
DEPTH = 3
SOUND_DEPTH = 2
# Embedding, depth and waves per unit of width: windowed waves do more with fewer of them and more layers
# (docs/research/rate.md).
WAVE_LAYERS = {"gabor": (GABOR, 5, 2.4), "waves": (WAVES, DEPTH, 8 / 3)}
# What a pixel costs to fit and to decode grows with the network, so a picture that asks for more is cut into tiles.
MOST_WEIGHTS = 12_000
# The same of a picture of so many pixels and more, which 30 times a second are many (docs/research/rate.md).
LARGE_PIXELS = 352 * 288
MOST_WEIGHTS_OF_LARGE = 4_500
SMALLEST_TILE = 32
LONGEST_TILE = 5
TILE_OVERLAP = 8
# Between nodes of the grid of motion (docs/research/rate.md).
NODE_PIXELS, NODE_FRAMES = 28, 4
MAX_NODES = 255


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """One network to be fitted: its Spec, the grid it covers and the tile it belongs to."""

    spec: Spec
    domain: Domain
    tile: int = 0


def plan_units(
    picture: tuple[int, int, int, int] | None,
    sound: tuple[int, int] | None,
    tiles: TileGrid | None,
    model: ModelConfig,
    wanted: Sequence[float] = (),
    lapped: LappedSpec | None = None,
) -> list[UnitPlan]:
    """The networks of a chunk of shape `picture` [T, H, W, C] and `sound` [N, C], picture first.

    `wanted` are the numbers of weights that the tiles ask for, where the model does not say; `lapped` is the sound's
    network where that is not a SIREN.
    """
    tiles = tiles or TileGrid()
    samples, channels = sound or (0, 0)
    plans = []
    if picture and sound and model.unified:
        frames, height, width, components = picture
        domain = Domain(frames, height, width, components, samples, channels)
        return [UnitPlan(_av_spec(domain, model), domain)]
    if picture:
        frames, height, width, components = picture
        for tile in range(tiles.columns * tiles.rows):
            (top, bottom), (left, right) = tiles.tile(tile, height, width)
            domain = Domain(frames, bottom - top, right - left, components)
            weights = wanted[tile] if wanted else (model.weights_per_sample or DENSITY) * domain.pixels
            plans.append(UnitPlan(_picture_spec(domain, model, weights), domain, tile))
    if sound:
        domain = Domain(samples=samples, channels=channels)
        plans.append(UnitPlan(lapped or _sound_spec(domain, model), domain))
    return plans


def choose_tiles(wanted: float, height: int, width: int) -> TileGrid:
    """The fewest tiles, of them the squarest, whose networks have no more weights than they may have, on average.

    No tile is longer than LONGEST_TILE times its other side where that can be had, so that 41 of them are no strips.
    Each of them is then sized by what its own tile asks for.
    """
    most = MOST_WEIGHTS if height * width < LARGE_PIXELS else MOST_WEIGHTS_OF_LARGE
    count = math.ceil(wanted / most)
    grids = []
    for columns in range(1, max(1, min(count, width // SMALLEST_TILE)) + 1):
        rows = max(1, min(math.ceil(count / columns), height // SMALLEST_TILE))
        missing = max(0, count - columns * rows)
        length = abs(math.log(width * rows / (height * columns)))
        grids.append((missing, length > math.log(LONGEST_TILE), columns * rows, length, columns, rows))
    *_, columns, rows = min(grids)
    return TileGrid(columns, rows, TILE_OVERLAP if columns * rows > 1 else 0)


def _picture_spec(domain: Domain, model: ModelConfig, wanted: float) -> SirenSpec:
    """The network of the ladder that is nearest to the wanted number of weights."""
    if model.picture_shape:
        return _picture_candidate(domain, model, *model.picture_shape)
    candidates = [_picture_candidate(domain, model, width) for width in PICTURE_WIDTHS]
    return min(candidates, key=lambda spec: abs(math.log(_picture_weights(spec, domain) / wanted)))


def _picture_weights(spec: SirenSpec, domain: Domain) -> int:
    return count_weights([shape for shape in spec.tensor_shapes(domain) if shape[0] not in DELTA_TENSORS])


def _picture_candidate(domain: Domain, model: ModelConfig, width: int, depth: int | None = None) -> SirenSpec:
    if model.embedding in WAVE_LAYERS:
        embedding, usual_depth, first_per_width = WAVE_LAYERS[model.embedding]
        first = round(width * first_per_width / 8) * 8
        motion = MOTIONS[model.motion] if domain.frames > 1 else STILL
        nodes = _nodes(domain) if motion == GRID else (0, 0, 0)
        return SirenSpec(first, width, usual_depth if depth is None else depth, embedding, SINE, motion, nodes)
    depth = DEPTH if depth is None else depth
    activation = RELU if model.relu else SINE
    if model.embedding == "none":
        return SirenSpec(width, width, depth, POWER, activation, STILL)
    # INVR section 3.1.1: [64, 64, 32] for width 128, time between 1/3 and 1/2 of space
    space = max(4, width // 2)
    lengths = (space, space, space // 2 if domain.frames > 1 else 0)
    if model.embedding == "power":
        counts = (domain.width, domain.height, domain.frames)
        bases = [
            model.embedding_base or grid_base(count, length) for count, length in zip(counts, lengths, strict=True)
        ]
        return SirenSpec(width, width, depth, POWER, activation, STILL, lengths, _stored(bases))
    spacings = [2 / max(1, length - 1) for length in lengths]
    return SirenSpec(width, width, depth, GAUSSIAN, activation, STILL, lengths, _stored(spacings))


def _nodes(domain: Domain) -> tuple[int, int, int]:
    """Nodes of the grid of motion along x, y and t."""
    spans = ((domain.width, NODE_PIXELS), (domain.height, NODE_PIXELS), (domain.frames, NODE_FRAMES))
    across, down, times = (min(MAX_NODES, max(2, round(count / span) + 1)) for count, span in spans)
    return across, down, times


def _stored(scales: list[float]) -> tuple[float, float, float]:
    """The scales as the file's float32 holds them: 1.4 and 1.39999998 are a turn apart by their 63rd power."""
    x, y, t = (float(np.float32(scale)) for scale in scales)
    return x, y, t


def _sound_spec(domain: Domain, model: ModelConfig) -> AudioSirenSpec:
    if model.siamese_shape:
        first, width, head = model.siamese_shape
        return AudioSirenSpec(first, width, depth=1, head_width=head, octaves=model.sound_octaves)
    if model.sound_shape:
        return _sound_candidate(model, *model.sound_shape)
    wanted = (model.sound_weights_per_sample or SOUND_DENSITY) * domain.samples * domain.channels
    candidates = [_sound_candidate(model, width) for width in SOUND_WIDTHS]
    return min(candidates, key=lambda spec: abs(math.log(count_weights(spec.tensor_shapes(domain)) / wanted)))


def _sound_candidate(model: ModelConfig, width: int, depth: int = SOUND_DEPTH) -> AudioSirenSpec:
    first = width if model.sound_octaves else 4 * width
    return AudioSirenSpec(first=first, width=width, depth=depth, octaves=model.sound_octaves)


def _av_spec(domain: Domain, model: ModelConfig) -> AvSirenSpec:
    if model.av_shape:
        return AvSirenSpec(*model.av_shape)
    wanted = (model.weights_per_sample or DENSITY) * domain.pixels
    wanted += (model.sound_weights_per_sample or SOUND_DENSITY) * domain.samples * domain.channels
    candidates = [AvSirenSpec(branch=width, width=width, depth=2) for width in PICTURE_WIDTHS]
    return min(candidates, key=lambda spec: abs(math.log(count_weights(spec.tensor_shapes(domain)) / wanted)))
