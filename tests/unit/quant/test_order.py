"""Units that change places and signs: the function stays, the biases are sorted, the payload is smaller."""

import pytest
import torch
from inrv_format.entropy import RANS, compress
from inrv_format.families import AudioSirenSpec, AvSirenSpec, Domain, SirenSpec
from inrv_format.families.siren import AFFINE, GABOR, GAUSSIAN, POWER, RELU
from toys import toy_field

from invr.config import QuantConfig
from invr.fields import Rows
from invr.fields.base import cell_centres, sample_times
from invr.quant import order_units, quantize

PICTURE = Domain(frames=3, height=5, width=7, components=3)
SOUND = Domain(samples=40, channels=2)
BOTH = Domain(frames=3, height=5, width=7, components=3, samples=40, channels=2)
NETWORKS = {
    "windows": (SirenSpec(9, 8, 2, GABOR, motion=AFFINE), PICTURE),
    "waves": (SirenSpec(9, 8, 1), PICTURE),
    "one layer": (SirenSpec(9, 8, 0), PICTURE),
    "power": (SirenSpec(9, 8, 1, POWER, lengths=(2, 2, 1), scales=(1.5, 1.5, 1.5)), PICTURE),
    "gaussian": (SirenSpec(9, 8, 1, GAUSSIAN, lengths=(4, 4, 4), scales=(0.3, 0.3, 0.3)), PICTURE),
    "relu": (SirenSpec(9, 8, 2, POWER, RELU, lengths=(2, 2, 1), scales=(1.5, 1.5, 1.5)), PICTURE),
    "sound": (AudioSirenSpec(first=9, width=8, depth=2), SOUND),
    "octaves and heads": (AudioSirenSpec(first=9, width=8, depth=1, octaves=3, heads=2, head_width=5), SOUND),
    "both": (AvSirenSpec(6, 8, 2), BOTH),
}


def values(field):
    """All that a field gives at the points of its domain, as one vector."""
    domain, given = field.domain, []
    if domain.frames:
        frames = torch.arange(domain.frames).repeat_interleave(domain.height)
        rows = Rows(frames, cell_centres(domain.height).repeat(domain.frames), cell_centres(domain.width))
        given.append(field.picture(rows).flatten())
    if domain.samples:
        given.append(field.sound(sample_times(domain.samples)).flatten())
    return torch.cat(given).detach()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_function_stays_and_the_biases_are_sorted(name):
    field = toy_field(*NETWORKS[name])
    before, biases = values(field), [field[f"{layer.name}.bias"].clone() for layer in field.layers()]
    order_units(field)
    torch.testing.assert_close(values(field), before, atol=2e-4, rtol=1e-3)
    for layer, old in zip(field.layers(), biases, strict=True):
        bias = field[f"{layer.name}.bias"]
        torch.testing.assert_close(bias, (old.abs() if field.odd else old).sort().values)
        assert not torch.equal(bias, old)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_but_the_outputs_is_ordered(name):
    field = toy_field(*NETWORKS[name])
    biases = {name for name, _ in field.named_tensors() if name.endswith(".bias")}
    ordered = {f"{layer.name}.bias" for layer in field.layers()}
    assert biases - ordered == {name for name in biases if "output" in name}


def test_the_payload_is_smaller_by_the_orders_and_signs():
    """Of 64 and 2 x 32 units: 296 + 2 x 118 bits of order, 128 of signs."""
    field = toy_field(SirenSpec(64, 32, 2), PICTURE)
    with torch.no_grad():
        for layer in field.layers():
            field[f"{layer.name}.bias"].uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    before = len(compress(RANS, quantize(field, QuantConfig(10))))
    order_units(field)
    assert before - len(compress(RANS, quantize(field, QuantConfig(10)))) > 0.8 * (296 + 2 * 118 + 128) / 8
