"""Scores of pictures against their definitions and their library."""

import numpy as np
import pytest
import torch
from inrv_format.errors import InputError

from invr.metrics.picture import PictureScorer


def scored(reference, decoded, *wanted, bit_depth=8):
    scorer = PictureScorer(bit_depth, wanted)
    scorer.add(reference, decoded)
    return scorer


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_rgb_psnr_of_a_known_error():
    frame = np.full((4, 5, 3), 100, np.uint8)
    assert scored(frame, frame + 5).means()["psnr_rgb_db"] == pytest.approx(10 * np.log10(255**2 / 25), abs=1e-4)


def test_a_grey_error_is_all_in_luma():
    frame = np.full((4, 5, 3), 100, np.uint8)
    means = scored(frame, frame + 5).means()
    assert means["psnr_y_db"] == pytest.approx(10 * np.log10(255**2 / 25), abs=1e-3)
    assert means["psnr_u_db"] == means["psnr_v_db"] == 100.0
    assert means["psnr_yuv_db"] == pytest.approx((6 * means["psnr_y_db"] + 200) / 8)


def test_a_blue_error_in_yuv_by_hand():
    frame = np.full((4, 5, 3), 100, np.uint8)
    decoded = frame + np.array([0, 0, 10], np.uint8)
    means = scored(frame, decoded).means()
    # BT.601: Y takes 0.114 of it, U = 0.5, V = -0.114 / (2 (1 - 0.299))
    errors = {"y": 1.14, "u": 5.0, "v": 1.14 / 1.402}
    for part, error in errors.items():
        assert means[f"psnr_{part}_db"] == pytest.approx(20 * np.log10(255 / error), abs=1e-3)


def test_the_mean_over_frames_and_over_mse_are_two_numbers():
    frame = np.full((4, 5, 3), 100, np.uint8)
    scorer = PictureScorer(8, ())
    scorer.add(frame, frame + 1)
    scorer.add(frame, frame + 10)
    means = scorer.means()
    assert means["psnr_rgb_db"] == pytest.approx(20 * np.log10(255) - 10)
    assert means["psnr_rgb_mse_db"] == pytest.approx(10 * np.log10(255**2 / 50.5))


def test_ten_bits_have_their_own_peak():
    frame = np.full((4, 5, 3), 400, np.uint16)
    means = scored(frame, frame + np.uint16(5), bit_depth=10).means()
    assert means["psnr_rgb_db"] == pytest.approx(20 * np.log10(1023 / 5), abs=1e-4)


def test_ssim_of_flat_pictures_by_hand():
    pytest.importorskip("pytorch_msssim", reason="needs invr[metrics]")
    one, other = np.full((16, 16, 3), 100, np.uint8), np.full((16, 16, 3), 150, np.uint8)
    a, b, c1 = 100 / 255, 150 / 255, 0.01**2
    # Without variance only the luminance term is left (Wang et al. 2004, eq. 6).
    expected = (2 * a * b + c1) / (a * a + b * b + c1)
    assert scored(one, other, "ssim").means()["ssim"] == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(("name", "size"), [("ssim", 32), ("ms_ssim", 176)])
def test_structure_is_the_librarys(name, size):
    library = pytest.importorskip("pytorch_msssim", reason="needs invr[metrics]")
    one, other = noise(size, size, 1), noise(size, size, 2)
    images = [torch.from_numpy(values).permute(2, 0, 1)[None].float() for values in (one, other)]
    expected = float(getattr(library, name)(*images, data_range=255))
    assert scored(one, other, name).means()[name] == pytest.approx(expected, abs=1e-4)


def test_identical_pictures_are_one():
    pytest.importorskip("pytorch_msssim", reason="needs invr[metrics]")
    frame = noise(176, 176)
    means = scored(frame, frame, "ssim", "ms_ssim").means()
    assert means["ssim"] == means["ms_ssim"] == pytest.approx(1.0)


def test_a_score_that_cannot_be_measured_says_why():
    scorer = scored(noise(20, 160), noise(20, 160, 1), "ms_ssim")
    assert "ms_ssim" not in scorer.means()
    assert "161 pixels" in scorer.missing["ms_ssim"]


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pytorch_msssim", None)
    scorer = scored(noise(20, 20), noise(20, 20, 1), "ssim")
    assert scorer.missing["ssim"] == "SSIM needs pytorch_msssim: pip install 'invr[metrics]'"


def test_an_unknown_score_is_refused():
    with pytest.raises(InputError, match="psnr_hvs: allowed are ssim"):
        PictureScorer(8, ["psnr_hvs"])
