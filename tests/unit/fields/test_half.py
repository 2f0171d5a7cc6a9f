"""Factors of bfloat16: their products are near those of float32, and only where gradients are wanted."""

import pytest
import torch
from inrv_format.families import Domain, SirenSpec
from inrv_format.families.siren import GABOR
from toys import toy_field

from invr.fields import Rows
from invr.fields.base import cell_centres, sine_layer
from invr.fields.half import half_sine_layer


def toy_layer(*networks):
    generator = torch.Generator().manual_seed(0)
    shapes = ((5, 7, 12), (8, 12), (8,))
    x, weight, bias = (torch.rand(*networks, *shape, generator=generator) - 0.5 for shape in shapes)
    return [tensor.requires_grad_() for tensor in (x, weight / 3, bias)]


@pytest.mark.parametrize("networks", [(), (3,)])
def test_values_and_gradients_are_near_those_of_float32(networks):
    grads = []
    for layer in (half_sine_layer, sine_layer):
        tensors = [tensor.detach().requires_grad_() for tensor in toy_layer(*networks)]
        values = layer(*tensors, 10.0)
        values.float().square().sum().backward()
        grads.append([values.detach().float(), *(tensor.grad for tensor in tensors)])
    for half, full in zip(*grads, strict=True):
        assert half.shape == full.shape
        assert float((half - full).norm()) < 0.02 * float(full.norm())


def test_phases_are_not_rounded():
    # a bfloat16 near 100 is a multiple of 1/2
    x, weight, bias = torch.ones(1, 1), torch.ones(1, 1), torch.tensor([100.2])
    expected = torch.sin(torch.tensor(101.2))
    assert float(half_sine_layer(x, weight, bias, 1.0)) == pytest.approx(float(expected), abs=0.005)


def test_an_evaluation_without_gradients_is_exact():
    field = toy_field(SirenSpec(10, 8, 2, GABOR), Domain(4, 6, 9, 3))
    rows = Rows(torch.tensor([0, 3]), cell_centres(6)[:2], cell_centres(9))
    with torch.no_grad():
        exact = field.picture(rows)
        field.precision = "bfloat16"
        assert torch.equal(field.picture(rows), exact)
    assert not torch.equal(field.picture(rows), exact)


@pytest.mark.gpu
@pytest.mark.parametrize("networks", [(), (3,)])
def test_a_gpu_rounds_as_a_cpu_does(networks):
    tensors = [tensor.detach() for tensor in toy_layer(*networks)]
    here = half_sine_layer(*tensors, 10.0)
    there = half_sine_layer(*(tensor.to("cuda") for tensor in tensors), 10.0)
    torch.testing.assert_close(there.float().cpu(), here.float(), atol=0.01, rtol=0.01)
