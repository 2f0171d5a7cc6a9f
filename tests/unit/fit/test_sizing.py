"""Network sizes follow the samples of the chunk, up to a cap."""

from dataclasses import replace

import pytest
from inrv_format.chunk import TileGrid
from inrv_format.families.base import DELTA_TENSORS, count_weights
from inrv_format.families.siren import AFFINE, GRID, STILL

from invr.config import MODELS, ModelConfig
from invr.fit.sizing import MOST_WEIGHTS, MOST_WEIGHTS_OF_LARGE, PICTURE_WIDTHS, choose_tiles, plan_units


def weights(plan) -> int:
    return count_weights([shape for shape in plan.spec.tensor_shapes(plan.domain) if shape[0] not in DELTA_TENSORS])


def test_a_qcif_chunk_gets_the_network_of_the_findings():
    (plan,) = plan_units((30, 144, 176, 3), None, TileGrid(), ModelConfig())
    assert (plan.spec.first, plan.spec.width, plan.spec.depth, plan.spec.motion) == (96, 40, 5, GRID)


@pytest.mark.parametrize("model", ["auto", "siren-still", "siren-power", "siren-gaussian", "relu", "av-siren"])
def test_every_model_has_about_the_wanted_size(model):
    frames, height, width = 12, 96, 128
    config = MODELS[model]
    (plan,) = plan_units((frames, height, width, 3), (10, 1) if config.unified else None, TileGrid(), config)[:1]
    assert weights(plan) == pytest.approx(0.015 * frames * height * width, rel=0.45)


def test_large_pictures_are_capped():
    (plan,) = plan_units((32, 2160, 3840, 3), None, TileGrid(), ModelConfig())
    assert plan.spec.width == PICTURE_WIDTHS[-1]


@pytest.mark.parametrize(("model", "motion"), [("siren-affine", AFFINE), ("siren-still", STILL)])
def test_motion_is_a_choice(model, motion):
    (plan,) = plan_units((30, 144, 176, 3), None, TileGrid(), MODELS[model])
    assert (plan.spec.motion, plan.spec.lengths) == (motion, (0, 0, 0))


@pytest.mark.parametrize(
    ("shape", "nodes"), [((30, 144, 176), (7, 6, 9)), ((2, 8, 8), (2, 2, 2)), ((2000, 144, 9000), (255, 6, 255))]
)
def test_motion_has_nodes_by_the_size_of_the_picture(shape, nodes):
    (plan,) = plan_units((*shape, 3), None, TileGrid(), ModelConfig())
    assert plan.spec.lengths == nodes


def test_a_still_has_no_motion():
    (plan,) = plan_units((1, 64, 64, 3), None, TileGrid(), ModelConfig())
    assert plan.spec.motion == STILL


def test_each_tile_gets_a_network():
    plans = plan_units((4, 40, 60, 3), (100, 2), TileGrid(3, 2, 4), ModelConfig())
    assert [plan.tile for plan in plans] == [0, 1, 2, 3, 4, 5, 0]
    assert plans[-1].spec.NAME == "audio-siren"
    assert plans[0].domain.width == 22


def test_time_is_embedded_with_a_third_to_a_half_of_space():
    (plan,) = plan_units((30, 144, 176, 3), None, TileGrid(), replace(MODELS["siren-power"]))
    x, y, t = plan.spec.lengths
    assert x == y
    assert x / 3 <= t <= x / 2


@pytest.mark.parametrize("model", MODELS)
def test_a_network_is_fitted_as_the_file_will_describe_it(model):
    """In float32 a base of 1.4 is 1.39999998, whose 63rd power is 862 periods away."""
    for plan in plan_units((15, 144, 176, 3), None, TileGrid(), MODELS[model]):
        assert type(plan.spec).parse(plan.spec.pack()) == plan.spec


@pytest.mark.parametrize(("model", "first"), [(MODELS["audio-siren"], 80), (MODELS["siren-power"], 20)])
def test_a_sound_network_has_the_shape_asked_for(model, first):
    (plan,) = plan_units(None, (8000, 2), TileGrid(), replace(model, sound_shape=(20, 4)))
    assert (plan.spec.first, plan.spec.width, plan.spec.depth) == (first, 20, 4)


@pytest.mark.parametrize(
    ("wanted", "size", "grid"),
    [
        (3, (144, 176), (1, 1)),
        (MOST_WEIGHTS, (144, 176), (1, 1)),
        (1.5 * MOST_WEIGHTS, (144, 176), (2, 1)),
        (MOST_WEIGHTS_OF_LARGE, (720, 1280), (1, 1)),
        (1.5 * MOST_WEIGHTS_OF_LARGE, (720, 1280), (2, 1)),
        (1.5 * MOST_WEIGHTS_OF_LARGE, (1280, 720), (1, 2)),
        (8.5 * MOST_WEIGHTS_OF_LARGE, (720, 1280), (3, 3)),
        (100 * MOST_WEIGHTS, (40, 70), (2, 1)),
        (9 * MOST_WEIGHTS, (20, 20), (1, 1)),
    ],
)
def test_pictures_that_ask_for_much_are_cut_into_square_tiles(wanted, size, grid):
    tiles = choose_tiles(wanted, *size)
    assert (tiles.columns, tiles.rows) == grid
    assert (tiles.overlap > 0) == (grid != (1, 1))


def test_no_number_of_tiles_gives_strips():
    for count in range(1, 200):
        tiles = choose_tiles(count * MOST_WEIGHTS_OF_LARGE, 1080, 1920)
        assert count <= tiles.columns * tiles.rows <= 1.34 * count + 1
        assert 1 / 5 <= (1920 / tiles.columns) / (1080 / tiles.rows) <= 5
