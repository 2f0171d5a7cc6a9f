"""Distillation: the loss by hand, and a student that follows its teacher."""

import pytest
import torch
from inrv_format.families import AvSirenSpec, Domain, SirenSpec
from toys import toy_field, toy_picture

from invr.config import FitConfig
from invr.fields import build_field
from invr.fit import DistilledObjective, PairedObjective, PictureObjective, fit

HALVES = FitConfig(samples=64, picture_weight=0.5, sound_weight=0.5)
DOMAIN = Domain(2, 3, 4, 3, 9, 1)


def giving(monkeypatch, picture, head, siamese):
    """A unified network that gives the same three numbers everywhere."""
    field = toy_field(AvSirenSpec(4, 4, 1), DOMAIN)
    heads = torch.tensor([head, siamese])[:, None, None]
    monkeypatch.setattr(
        field, "pairs", lambda p, s: (torch.full((len(p), 3), picture), heads.expand(2, len(s), 1).clone())
    )
    return field


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_the_loss_is_equations_6_4_to_6_6(alpha, monkeypatch):
    picture, sound = torch.zeros(2, 3, 4, 3, dtype=torch.uint8).numpy(), torch.full((9, 1), 0.5).numpy()
    source = PairedObjective(picture, 8, sound, HALVES, "cpu")
    student, teacher = giving(monkeypatch, -0.8, 0.3, 0.1), giving(monkeypatch, -0.5, 0.6, -0.2)
    hard = 0.5 * 0.2**2 + 0.5 * (0.5 * 0.2**2 + 0.5 * 0.4**2)  # black is -1
    soft = 0.5 * 0.3**2 + 0.5 * (0.5 * 0.3**2 + 0.5 * 0.3**2)
    loss = DistilledObjective(source, teacher, alpha).loss(student, torch.Generator().manual_seed(0))
    assert float(loss) == pytest.approx(alpha * hard + (1 - alpha) * soft, rel=1e-5)


def test_the_teacher_sees_the_same_points_and_gets_no_gradient():
    picture, sound = toy_picture(2, 3, 4), torch.linspace(-1, 1, 9)[:, None].numpy()
    source = PairedObjective(picture, 8, sound, HALVES, "cpu")
    teacher, student = (toy_field(AvSirenSpec(4, 4, 1), DOMAIN, seed=3) for _ in range(2))
    loss = DistilledObjective(source, teacher, 0.0).loss(student, torch.Generator().manual_seed(0))
    assert float(loss.detach()) == 0.0
    DistilledObjective(source, teacher, 0.5).loss(student, torch.Generator().manual_seed(0)).backward()
    assert all(tensor.grad is None for tensor in teacher.parameters())
    assert student["shared0.weight"].grad.abs().sum() > 0


def distance(objective, field):
    with torch.no_grad():
        return float(objective.loss(field, torch.Generator().manual_seed(9)))


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_alpha_chooses_between_teacher_and_source(alpha):
    """The teacher knows another picture than the source; the student ends with the one that alpha names."""
    config = FitConfig(steps=100, rows=16, columns=16, checks=4, l1=0.0)
    source = PictureObjective(toy_picture(), 8, config, "cpu")
    other = PictureObjective(255 - toy_picture(), 8, config, "cpu")
    teacher, student = (build_field(SirenSpec(24, 16, 1), Domain(4, 12, 16, 3)) for _ in range(2))
    for field in (teacher, student):
        field.initialise(torch.Generator().manual_seed(0))
    fit(teacher, other, config, 0, lambda state: None)
    fit(student, DistilledObjective(source, teacher, alpha), config, 1, lambda state: None)
    to_source, to_teacher = distance(source, student), distance(DistilledObjective(source, teacher, 0.0), student)
    near, far = (to_source, to_teacher) if alpha else (to_teacher, to_source)
    assert near < 0.1 * far
