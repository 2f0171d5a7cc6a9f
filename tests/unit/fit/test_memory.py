"""How many networks a batch has memory for."""

from dataclasses import replace

import pytest
import torch
from inrv_format.families import Domain, SirenSpec
from inrv_format.families.siren import GABOR, GRID
from toys import toy_field, toy_picture

from invr.config import FitConfig
from invr.fit import PictureObjective
from invr.fit.memory import MEMORY_SHARE, bytes_of_fit, networks_at_once

CONFIG = FitConfig(rows=32, columns=16)


def toy(width):
    values = toy_picture()
    spec = SirenSpec(3 * width, width, 4, GABOR, motion=GRID, lengths=(2, 2, 2))
    return toy_field(spec, Domain(*values.shape)), PictureObjective(values, 8, CONFIG, "cpu")


@pytest.mark.parametrize("width", [8, 24])
def test_the_estimate_is_above_what_a_step_keeps(width):
    field, objective = toy(width)
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = objective.loss(field, torch.Generator().manual_seed(0))
    assert loss.requires_grad
    assert sum(kept.values()) < bytes_of_fit(field, objective) < 4 * sum(kept.values())


def test_a_cpu_takes_one_unless_it_is_told_otherwise():
    field, objective = toy(8)
    assert networks_at_once(field, objective, CONFIG) == 1
    assert networks_at_once(field, objective, replace(CONFIG, batch=7)) == 7


def test_a_gpu_is_filled(monkeypatch):
    field, objective = toy(8)
    room = bytes_of_fit(field, objective)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10.5 * room / MEMORY_SHARE, 0))
    assert networks_at_once(field.to("meta"), objective, CONFIG) == 10
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (0, 0))
    assert networks_at_once(field, objective, CONFIG) == 1
