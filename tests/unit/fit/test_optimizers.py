"""Muon and the schedule."""

import pytest
import torch
from inrv_format.families import AvSirenSpec, Domain, SirenSpec
from inrv_format.families.siren import AFFINE
from toys import toy_field

from invr.config import FitConfig
from invr.fit.optimizers import Muon, build_optimizers, cosine, orthogonalise


@pytest.mark.parametrize("shape", [(8, 8), (4, 20), (20, 4)])
def test_orthogonalised_singular_values_are_near_one(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrix))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_muon_descends():
    target = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
    matrix = torch.nn.Parameter(torch.zeros(6, 6))
    optimizer = Muon([matrix], lr=0.05)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = (matrix - target).square().sum()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]


def test_every_tensor_has_exactly_one_optimizer():
    fields = [
        toy_field(SirenSpec(6, 5, 2, motion=AFFINE), Domain(3, 4, 5, 3)),
        toy_field(AvSirenSpec(4, 5, 2), Domain(2, 3, 4, 3, 9, 1)),
    ]
    for field in fields:
        taken = [
            id(tensor)
            for optimizer in build_optimizers(field, FitConfig(), 1.0)
            for group in optimizer.param_groups
            for tensor in group["params"]
        ]
        assert sorted(taken) == sorted(id(tensor) for _, tensor in field.named_tensors())


def test_muon_takes_the_hidden_matrices_only():
    field = toy_field(SirenSpec(6, 5, 2, motion=AFFINE), Domain(3, 4, 5, 3))
    assert [id(m) for m in field.matrices()] == [id(field["hidden0.weight"]), id(field["hidden1.weight"])]


def test_cosine_goes_from_one_to_a_hundredth():
    assert cosine(0.0) == pytest.approx(1.0)
    assert cosine(0.5) == pytest.approx(0.505)
    assert cosine(1.0) == pytest.approx(0.01)
