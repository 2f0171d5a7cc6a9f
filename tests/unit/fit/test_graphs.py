"""Steps that are recorded: they ask the host for nothing, and give what steps give that are not."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from inrv_format.families import Domain, SirenSpec
from inrv_format.families.siren import GABOR, GRID
from toys import toy_picture

from invr.config import FitConfig
from invr.fields import build_field
from invr.fit import PictureObjective, Problem, fit_batch
from invr.fit.batch import _Descents
from invr.fit.draws import CountedDraws
from invr.fit.graphs import WARM_UP_STEPS, GraphRecorder, Repeated
from invr.fit.loop import Phase, checked_loss

SPEC = SirenSpec(24, 16, 2, GABOR, motion=GRID, lengths=(2, 2, 2))
CONFIG = FitConfig(steps=24, rows=16, columns=16, checks=4, lmbda=1e-3, noise_from=0.25, round_from=0.7)


def problems(config=CONFIG, device="cpu"):
    values = toy_picture()
    made = []
    for seed in range(2):
        field = build_field(SPEC, Domain(*values.shape))
        field.initialise(torch.Generator().manual_seed(seed))
        made.append(Problem(field.to(device), PictureObjective(values, 8, config, device), seed))
    return made


def counted(group):
    return CountedDraws([one.objective for one in group], [one.seed for one in group])


class Again:
    """Records nothing: does the work again."""

    def __init__(self):
        self.warmed, self.recorded = 0, 0

    def warm_up(self, work):
        self.warmed += 1
        work()

    def record(self, work):
        self.recorded += 1
        return work


def test_recorded_steps_give_what_others_give():
    (plain, recorded), recorder = (problems(), problems()), Again()
    expected = fit_batch(plain, CONFIG, lambda *_: None, counted(plain))
    found = fit_batch(recorded, CONFIG, lambda *_: None, counted(recorded), recorder)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
    for one, other in zip(recorded, plain, strict=True):
        torch.testing.assert_close(one.field["output.weight"], other.field["output.weight"], atol=1e-4, rtol=1e-3)


def test_a_step_is_recorded_once_for_each_phase():
    group, recorder = problems(), Again()
    fit_batch(group, CONFIG, lambda *_: None, counted(group), recorder)
    assert (recorder.warmed, recorder.recorded) == (3 * WARM_UP_STEPS, 3)


class Idle(torch.optim.Optimizer):
    """In the place of a fused Adam, which the device without memory has not."""

    def __init__(self, params, lr=1e-3, **_):
        super().__init__(params, {"lr": lr})

    def step(self, closure=None):
        pass


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("phase", Phase)
def test_a_step_asks_the_host_for_nothing(monkeypatch, phase, precision):
    # tensors of the device meta have no data: what would read one, or mix it with one of the host, fails
    monkeypatch.setattr(torch.optim, "Adam", Idle)
    group = problems(replace(CONFIG, precision=precision), "meta")
    descents = _Descents(group, replace(CONFIG, precision=precision), counted(group), Again())
    descents._phase = phase
    for _ in range(WARM_UP_STEPS + 2):
        descents._step()
    assert descents._stack["hidden0.weight"].grad.device.type == "meta"


def test_rates_are_tensors_that_schedules_fill():
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    Repeated(lambda: None, [optimizer], Again())
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    rate = optimizer.param_groups[0]["lr"]
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate and float(rate) == 0.25


@pytest.mark.gpu
def test_a_graph_gives_what_its_steps_give():
    plain, recorded = problems(device="cuda"), problems(device="cuda")
    fit_batch(plain, replace(CONFIG, graphs=False), lambda *_: None)
    fit_batch(recorded, CONFIG, lambda *_: None, counted(recorded), GraphRecorder())
    for one, other in zip(recorded, plain, strict=True):
        torch.testing.assert_close(one.field["output.weight"], other.field["output.weight"], atol=1e-3, rtol=1e-2)


@pytest.mark.gpu
def test_a_gpu_gives_what_a_cpu_gives():
    there, here = problems(device="cuda"), problems()
    fit_batch(there, CONFIG, lambda *_: None)
    fit_batch(here, CONFIG, lambda *_: None, counted(here))
    for one, other in zip(there, here, strict=True):
        moved = deepcopy(one.field).to("cpu")
        error = checked_loss(moved, other.objective, 0)
        assert error == pytest.approx(checked_loss(other.field, other.objective, 0), rel=0.02)
