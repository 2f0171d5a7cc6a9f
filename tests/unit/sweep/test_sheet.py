"""The contact sheet's pictures and labels."""

import sys

import av
import numpy as np
from toys import real_media

from invr.config import EncodeConfig, FitConfig
from invr.media import ReadConfig
from invr.sweep.config import SweepConfig
from invr.sweep.sheet import Cell, _resized, draw
from invr.sweep.sweep import sweep


def cells(count, height=20, width=300):
    return [Cell(f"{k} bits", "note", np.full((height, width, 3), 10 * k, np.uint8)) for k in range(count)]


def test_cells_are_laid_out_in_reading_order():
    sheet, labelled = draw(cells(5))
    assert labelled
    assert sheet.shape == (2 * (20 + 48) + 8, 3 * 308 + 8, 3)
    assert [int(sheet[8 + 68 * (k // 3), 8 + 308 * (k % 3), 0]) for k in range(5)] == [0, 10, 20, 30, 40]
    assert (sheet[28:48] < 255).any()


def test_without_pillow_there_are_pictures_but_no_labels(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    sheet, labelled = draw(cells(2))
    assert not labelled
    assert (sheet[28:68] == 255).all()


def test_large_pictures_become_means_of_blocks():
    picture = np.zeros((6, 1300, 3), np.uint8)
    picture[:, 1::3] = 90
    small = _resized(picture)
    assert small.shape == (2, 433, 3)
    assert (small == 30).all()


def test_small_pictures_keep_their_pixels():
    picture = np.arange(2 * 100 * 3).reshape(2, 100, 3).astype(np.uint8)
    assert (_resized(picture)[::3, ::3] == picture).all()


def test_a_turned_source_stands_upright(tmp_path):
    source = str(real_media("edge/rot90_tiny.mov"))
    config = SweepConfig(bits=(8,), encode=EncodeConfig(fit=FitConfig(steps=1)))
    sweep(source, tmp_path, config, ReadConfig(frames=1, audio=False), lambda state: None)
    with av.open(str(tmp_path / "contact.png")) as image:
        frame = next(image.decode(video=0))
    assert (frame.width, frame.height) == (2 * (320 + 8) + 8, 568 + 48 + 8)
