"""What a fit sees of a chunk."""

import numpy as np
import pytest
import torch
from inrv_format.families import Domain
from toys import toy_picture

from invr.config import FitConfig
from invr.fit.objectives import PairedObjective, PictureObjective, SoundObjective

CONFIG = FitConfig(rows=8, columns=8, samples=64)


class Perfect:
    """A field that knows the answer: it looks the values up by their coordinates."""

    def __init__(self, picture=None, sound=None, offset=0.0):
        self.picture_values, self.sound_values, self.offset = picture, sound, offset
        frames, height, width, _ = picture.shape if picture is not None else (0, 0, 0, 0)
        self.domain = Domain(frames, height, width, 3, len(sound) if sound is not None else 0, 1)

    def picture(self, rows):
        _, height, width, _ = self.picture_values.shape
        y = ((rows.y + 1) / 2 * height).long()
        x = ((rows.x + 1) / 2 * width).long()
        values = torch.from_numpy(self.picture_values)[rows.frames[:, None], y[:, None], x[None]]
        return values.float() / 255 * 2 - 1 + self.offset

    def sound(self, t):
        index = ((t + 1) / 2 * len(self.sound_values)).long()
        return torch.from_numpy(self.sound_values)[index].expand(2, -1, -1) + self.offset


@pytest.mark.parametrize("offset", [0.0, 0.25])
def test_the_picture_error_is_the_mean_square_at_matching_points(offset):
    picture = toy_picture(5, 11, 13)
    objective = PictureObjective(picture, 8, CONFIG, "cpu")
    loss = objective.loss(Perfect(picture, offset=offset), torch.Generator().manual_seed(0))
    assert float(loss) == pytest.approx(offset**2, rel=1e-4, abs=1e-10)


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_the_sound_error_is_the_mean_over_the_heads(offset):
    sound = np.sin(np.arange(300, dtype=np.float32))[:, None]
    objective = SoundObjective(sound, CONFIG, "cpu")
    loss = objective.loss(Perfect(sound=sound, offset=offset), torch.Generator().manual_seed(0))
    assert float(loss) == pytest.approx(offset**2, rel=1e-4, abs=1e-10)


def test_steps_see_different_points_and_all_of_a_small_picture():
    objective = PictureObjective(toy_picture(3, 4, 5), 8, CONFIG, "cpu")
    generator = torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(40):
        frames, rows, columns = objective.draw(generator)
        seen |= {(int(f), int(r), int(c)) for f, r in zip(frames, rows, strict=True) for c in columns}
    assert len(seen) == 3 * 4 * 5


def test_the_paired_error_weighs_both_media(monkeypatch):
    picture, sound = toy_picture(2, 3, 4), np.zeros((9, 1), np.float32)
    config = FitConfig(samples=64, picture_weight=2.0, sound_weight=3.0)
    from inrv_format.families import AvSirenSpec
    from toys import toy_field

    field = toy_field(AvSirenSpec(4, 4, 1), Domain(2, 3, 4, 3, 9, 1))
    target = torch.from_numpy(picture.reshape(-1, 3)).float() / 255 * 2 - 1
    monkeypatch.setattr(field, "pairs", lambda p, s: (target[p] + 0.5, torch.full((2, len(s), 1), 0.25)))
    loss = PairedObjective(picture, 8, sound, config, "cpu").loss(field, torch.Generator().manual_seed(0))
    assert float(loss) == pytest.approx(2 * 0.25 + 3 * 0.0625)
