"""Several networks at once: each gives what it gives alone, and its gradients are its own."""

import pytest
import torch
from inrv_format.families import Domain, SirenSpec
from inrv_format.families.siren import AFFINE, GABOR, GRID, POWER, RELU
from toys import toy_field

from invr.fields import Rows
from invr.fields.stack import SirenStack, form

DOMAINS = (Domain(4, 6, 9, 3), Domain(4, 5, 8, 3), Domain(4, 6, 9, 3))
SPECS = {
    "waves": SirenSpec(first=10, width=8, depth=2),
    "motion": SirenSpec(first=10, width=8, depth=2, motion=AFFINE),
    "gabor": SirenSpec(first=10, width=8, depth=2, embedding=GABOR),
    "gabor grid": SirenSpec(first=10, width=8, depth=2, embedding=GABOR, motion=GRID, lengths=(4, 3, 2)),
    "relu waves": SirenSpec(first=10, width=8, depth=2, activation=RELU, motion=AFFINE),
    "shallow": SirenSpec(first=10, width=8, depth=0),
}


def fields_of(spec):
    return [toy_field(spec, domain, seed) for seed, domain in enumerate(DOMAINS)]


def toy_rows():
    """Five rows of seven columns for each network."""
    generator = torch.Generator().manual_seed(0)
    y, x = (2 * torch.rand(len(DOMAINS), count, generator=generator) - 1 for count in (5, 7))
    return Rows(torch.randint(4, (len(DOMAINS), 5), generator=generator), y, x)


@pytest.mark.parametrize("name", SPECS)
def test_a_stack_gives_what_each_network_gives(name):
    fields, rows = fields_of(SPECS[name]), toy_rows()
    with torch.no_grad():
        values = SirenStack(fields).picture(rows)
        for i, field in enumerate(fields):
            alone = field.picture(Rows(rows.frames[i], rows.y[i], rows.x[i]))
            torch.testing.assert_close(values[i], alone, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("name", SPECS)
def test_gradients_are_those_of_each_network(name):
    fields, rows = fields_of(SPECS[name]), toy_rows()
    stack = SirenStack(fields)
    stack.picture(rows).square().sum().backward()
    for i, field in enumerate(fields):
        field.picture(Rows(rows.frames[i], rows.y[i], rows.x[i])).square().sum().backward()
        for wire_name, tensor in field.named_tensors():
            scale = float(tensor.grad.abs().max())
            torch.testing.assert_close(stack[wire_name].grad[i], tensor.grad, atol=1e-4 * scale + 1e-6, rtol=1e-4)


def test_unstacking_gives_the_tensors_back():
    fields, others = fields_of(SPECS["gabor grid"]), fields_of(SPECS["gabor grid"])[::-1]
    SirenStack(fields).unstack(others)
    for field, other in zip(fields, others, strict=True):
        assert all(torch.equal(tensor, other[name]) for name, tensor in field.named_tensors())


def test_what_cannot_be_stacked_has_no_form():
    embedded = SirenSpec(8, 8, 2, embedding=POWER, lengths=(3, 4, 2), scales=(1.4, 1.3, 1.2))
    assert form(toy_field(embedded, DOMAINS[0])) is None
    assert form(toy_field(SPECS["motion"], DOMAINS[0])) == form(toy_field(SPECS["motion"], DOMAINS[1]))
    assert form(toy_field(SPECS["motion"], Domain(5, 6, 9, 3))) != form(toy_field(SPECS["motion"], DOMAINS[0]))
