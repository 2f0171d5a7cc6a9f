"""The picture network: the separable first layer is the plain formula, only cheaper."""

import math

import pytest
import torch
from inrv_format.errors import InvalidDataError
from inrv_format.families import Domain, SirenSpec
from inrv_format.families.base import count_weights
from inrv_format.families.siren import AFFINE, GABOR, GAUSSIAN, GRID, POWER, RELU, STILL
from toys import toy_field

from invr.fields import Rows, parallel
from invr.fields.base import cell_centres
from invr.fields.embed import embed_axis, grid_base

DOMAIN = Domain(frames=4, height=6, width=9, components=3)
SPECS = {
    "waves": SirenSpec(first=10, width=8, depth=2),
    "motion": SirenSpec(first=10, width=8, depth=2, motion=AFFINE),
    "gabor": SirenSpec(first=10, width=8, depth=2, embedding=GABOR),
    "gabor motion": SirenSpec(first=10, width=8, depth=2, embedding=GABOR, motion=AFFINE),
    "gabor grid": SirenSpec(first=10, width=8, depth=2, embedding=GABOR, motion=GRID, lengths=(4, 3, 2)),
    "waves grid": SirenSpec(first=10, width=8, depth=2, motion=GRID, lengths=(2, 2, 3)),
    "power": SirenSpec(8, 8, 2, embedding=POWER, lengths=(3, 4, 2), scales=(1.4, 1.3, 1.2)),
    "gaussian": SirenSpec(8, 8, 2, embedding=GAUSSIAN, lengths=(3, 4, 2), scales=(0.5, 0.4, 0.9)),
    "relu": SirenSpec(8, 8, 2, embedding=POWER, activation=RELU, lengths=(3, 4, 2), scales=(1.4, 1.3, 1.2)),
    "relu waves": SirenSpec(first=10, width=8, depth=2, activation=RELU, motion=AFFINE),
    "shallow": SirenSpec(first=10, width=8, depth=0),
}
FRAMES, Y, X = torch.tensor([0, 3, 2]), cell_centres(6)[[1, 5, 0]], cell_centres(9)


def displaced(grid, lengths, *places):
    """u and v at every place by torch's own trilinear interpolation."""
    across, down, times = lengths
    volume = grid.view(times, 2, down, across).transpose(0, 1)[None]  # [1, 2, t, y, x]
    at = torch.stack(places, -1).view(1, 1, 1, -1, 3)
    return torch.nn.functional.grid_sample(volume, at, padding_mode="border", align_corners=True)[0, :, 0, 0]


def dense(field, frames, y, x):
    """The network at every point by the textbook formula of spec/inrv.md 7.1, in float64, one matrix of inputs."""
    spec = field.spec
    weights = {name: tensor.double() for name, tensor in field.named_tensors()}
    places = [x.double()[None].expand(len(y), -1).reshape(-1), y.double()[:, None].expand(-1, len(x)).reshape(-1)]
    t = ((frames.double() + 0.5) * 2 / field.domain.frames - 1)[:, None].expand(-1, len(x)).reshape(-1)
    x_all, y_all = places
    if spec.motion != STILL:
        a, b, c, d, e, f = weights["motion"][frames].repeat_interleave(len(x), 0).unbind(1)
        u, v = displaced(weights["motion.grid"], spec.lengths, x_all, y_all, t) if spec.motion == GRID else (0, 0)
        x_all, y_all = (1 + a) * x_all + b * y_all + c + u, d * x_all + (1 + e) * y_all + f + v
    inputs = [torch.stack([x_all, y_all, t], 1)]
    lengths = (0, 0, 0) if spec.motion == GRID else spec.lengths
    for axis, p in enumerate((x_all, y_all, t)):
        inputs.append(
            embed_axis(
                POWER if spec.embedding == GABOR else spec.embedding, p.float(), lengths[axis], spec.scales[axis]
            ).double()
        )
    hidden = torch.cat(inputs, 1)
    for layer in ["first", *[f"hidden{i}" for i in range(spec.depth)]]:
        pre = hidden @ weights[f"{layer}.weight"].t() + weights[f"{layer}.bias"]
        hidden = torch.relu(pre) if spec.activation == RELU else torch.sin(spec.omega * pre)
        if spec.embedding == GABOR and layer == "first":
            centre, sharpness = weights["first.window"].split(3, 1)
            away = (torch.stack([*places, t], 1)[:, None] - centre) * sharpness
            hidden = hidden * torch.exp(-away.square().sum(2))
    out = hidden @ weights["output.weight"].t() + weights["output.bias"]
    return out.reshape(len(y), len(x), -1).float()


@pytest.mark.parametrize("name", SPECS)
def test_picture_equals_the_dense_formula(name):
    field = toy_field(SPECS[name], DOMAIN)
    with torch.no_grad():
        torch.testing.assert_close(
            field.picture(Rows(FRAMES, Y, X)), dense(field, FRAMES, Y, X), atol=2e-4, rtol=1e-3
        )


@pytest.mark.parametrize("name", ["waves", "motion", "gabor", "gabor motion", "gabor grid", "waves grid", "power"])
def test_gradients_equal_those_of_the_dense_formula(name):
    field = toy_field(SPECS[name], DOMAIN)
    parameters = [tensor for _, tensor in field.named_tensors()]
    ours = torch.autograd.grad(field.picture(Rows(FRAMES, Y, X)).square().sum(), parameters)
    theirs = torch.autograd.grad(dense(field, FRAMES, Y, X).square().sum(), parameters)
    for mine, plain in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, plain, atol=5e-3, rtol=5e-3)


def test_inputs_never_become_a_full_matrix(monkeypatch):
    """With 64 + 64 + 32 frequencies no product of the first layer has more rows than an axis has cells."""
    spec = SirenSpec(16, 16, 1, embedding=POWER, lengths=(64, 64, 32), scales=(1.05, 1.05, 1.05))
    field = toy_field(spec, Domain(frames=8, height=40, width=50, components=3))
    widest = []
    plain = torch.cat
    monkeypatch.setattr(torch, "cat", lambda parts, dim=0: widest.append(len(parts[0])) or plain(parts, dim))
    field.picture(Rows(torch.zeros(40, dtype=torch.long), cell_centres(40), cell_centres(50)))
    assert max(widest) <= 50


def test_the_paper_network_has_the_paper_size():
    """Singh and Iacob: 4 x 128, embedding [64, 64, 32]; 91,395 weights."""
    spec = SirenSpec(128, 128, 3, embedding=POWER, lengths=(64, 64, 32), scales=(1.4, 1.4, 1.4))
    assert spec.inputs == 323
    assert count_weights(spec.tensor_shapes(Domain(15, 128, 128, 3))) == 91_395


def test_motion_between_frames_is_interpolated():
    field = toy_field(SPECS["motion"], DOMAIN)
    middle = field._motion(torch.tensor([1.5]))
    torch.testing.assert_close(middle[0], (field["motion"][1] + field["motion"][2]) / 2)
    torch.testing.assert_close(field._motion(torch.tensor([99.0]))[0], field["motion"][3])


def test_any_grid_samples_the_same_function():
    """Every third column of a grid three times as fine is the stored grid."""
    field = toy_field(SPECS["power"], DOMAIN)
    fine = field.picture(Rows(FRAMES, Y, cell_centres(27)))
    torch.testing.assert_close(fine[:, 1::3], field.picture(Rows(FRAMES, Y, X)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("count", "length"), [(176, 64), (15, 32), (512, 8), (1, 4), (9, 1)])
def test_the_grid_base_keeps_frequencies_under_nyquist(count, length):
    highest = grid_base(count, length) ** (length - 1)
    assert highest <= max(1.0, count / 2) * (1 + 1e-9)
    assert 1.0 <= grid_base(count, length) <= 1.4


def test_power_embedding_is_exact_at_high_frequencies():
    """1.4^63 pi p in float32 would be off by hundreds of periods."""
    p = torch.tensor([0.123456], dtype=torch.float32)
    value = embed_axis(POWER, p, 64, 1.4)[0, -2]
    assert float(value) == pytest.approx(math.sin(1.4**63 * math.pi * float(p)), abs=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 0},
        {"width": 4097},
        {"depth": 65},
        {"omega": math.nan},
        {"omega": 0.0},
        {"embedding": 4},
        {"embedding": GABOR, "activation": RELU},
        {"lengths": (1, 0, 0)},
        {"embedding": POWER, "motion": AFFINE},
        {"embedding": POWER, "lengths": (200, 0, 0), "scales": (1.4, 0, 0)},
        {"embedding": GAUSSIAN, "lengths": (2, 0, 0)},
        {"scales": (math.inf, 0.0, 0.0)},
    ],
)
def test_specs_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidDataError):
        SirenSpec(**({"first": 8, "width": 8, "depth": 1} | wrong))


def test_motion_is_part_of_the_tensors():
    assert ("motion", (4, 6)) in SPECS["motion"].tensor_shapes(DOMAIN)
    assert SPECS["motion"].motion != STILL


@pytest.mark.parametrize(("base", "smooth"), [(1.05, True), (1.4, False)])
def test_frequencies_beyond_the_grid_are_known(base, smooth):
    spec = SirenSpec(8, 8, 1, embedding=POWER, lengths=(32, 32, 0), scales=(base, base, 1.0))
    assert spec.smooth_on(Domain(frames=1, height=144, width=176, components=3)) is smooth


@pytest.mark.parametrize("name", sorted(SPECS))
@pytest.mark.parametrize("threads", [1, 3])
def test_a_whole_frame_is_the_same_picture(name, threads, monkeypatch):
    monkeypatch.setattr(parallel, "POINTS_PER_BLOCK", 2 * len(X))
    field = toy_field(SPECS[name], DOMAIN)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with parallel.parallel_map() as block_map:
            blocks = [field.blocks(position, Y, X) for position in (2.0, 1.5)]
            frames = [torch.cat(list(block_map(lambda block: block(), part))) for part in blocks]
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for position, frame in zip((2.0, 1.5), frames, strict=True):
        rows = Rows(torch.full((len(Y),), position), Y, X)
        torch.testing.assert_close(frame, field.picture(rows).detach(), atol=1e-5, rtol=1e-4)
        assert not frame.requires_grad
