"""Sweeps of a toy clip: what is fitted, what is measured, and what is written."""

import csv
import json
from dataclasses import replace

import av
import numpy as np
import pytest
from inrv_format.errors import InputError, OutputError
from inrv_format.families.base import DELTA_TENSORS, count_weights
from inrv_format.reader import Reader

from invr.compare import CompareConfig, compare
from invr.config import MODELS, EncodeConfig, FitConfig, QuantConfig
from invr.goals import course
from invr.media import ReadConfig
from invr.sweep.config import SizeGrid, SweepConfig
from invr.sweep.sweep import sweep
from invr.sweep.table import text_of

ENCODE = EncodeConfig(fit=FitConfig(steps=12), threads=1)


def units_of(path):
    with path.open("rb") as file:
        return [unit for chunk in Reader(file).chunks() for unit in chunk.units]


def quietly(clip, folder, config, read=None, **options):
    return sweep(str(clip), folder, config, read or ReadConfig(), lambda state: None, **options)


def test_all_widths_are_of_one_fit(clip, tmp_path, monkeypatch):
    fits = []
    fit_chunk = course.fit_chunk
    monkeypatch.setattr(course, "fit_chunk", lambda *given, **options: fits.append(1) or fit_chunk(*given, **options))
    quietly(clip, tmp_path, SweepConfig(bits=(2, 5, 9), encode=ENCODE))
    assert len(fits) == 1


def test_files_decode_to_what_is_stated(clip, swept):
    folder, result = swept
    for point in result.bits:
        compared = compare(clip, folder / point.file, CompareConfig(metrics=("ssim", "snr_db")))
        assert point.scores["psnr_rgb_db"] == pytest.approx(compared.video.scores["psnr_rgb_db"])
        assert point.scores["snr_db"] == pytest.approx(compared.sound.scores["snr_db"])
        assert point.file_bytes == (folder / point.file).stat().st_size
        assert point.payload_bytes == sum(len(unit.payload) for unit in units_of(folder / point.file))


def test_more_bits_are_more_bytes_and_less_noise(swept):
    _, result = swept
    for name in ("payload_bytes", "sqnr_db", "plain_sqnr_db", "picture_sqnr_db"):
        values = [getattr(point, name) for point in result.bits]
        assert values == sorted(values), name


def test_every_tensor_has_the_same_bits_on_request(clip, tmp_path):
    quant = QuantConfig(keep_phases=False)
    result = quietly(clip, tmp_path, SweepConfig(bits=(5,), encode=replace(ENCODE, quant=quant)))
    units = units_of(tmp_path / "files" / "bits-5.inrv")
    bits = [tensor.header.bits for unit in units for tensor in unit.symbols() if tensor.name not in DELTA_TENSORS]
    assert set(bits) == {5}
    assert "every tensor has the bits of the row" in text_of(result)


def test_the_text_says_that_phases_are_kept(swept):
    folder, result = swept
    assert "the bits that their phases need" in text_of(result)
    assert max(header.bits for unit in units_of(folder / "files" / "bits-2.inrv") for header in unit.headers) > 5


def test_the_contact_sheet_has_a_cell_for_the_original_and_each_width(swept):
    folder, result = swept
    assert result.contact.cells == ("original", "2 bits", "5 bits", "9 bits")
    assert result.contact.frame == 3
    with av.open(str(folder / "contact.png")) as image:
        sheet = next(image.decode(video=0)).to_ndarray(format="rgb24")
    # two rows of two cells: 16x12 pixels sixteen times as large, 40 lines for labels, gaps of 8
    assert sheet.shape == (2 * (12 * 16 + 40 + 8) + 8, 2 * (16 * 16 + 8) + 8, 3)
    corners = sheet[8 :: 12 * 16 + 48, 8 :: 16 * 16 + 8][:2, :2]
    assert not np.all(corners == 255, axis=-1).any()


def test_sizes_count_their_weights(swept):
    folder, result = swept
    assert len(result.sizes) == 8
    for point in result.sizes:
        (unit,) = units_of(folder / point.file)
        assert (unit.spec.width, unit.spec.depth) == (point.width, point.depth)
        assert point.parameters == count_weights(unit.spec.tensor_shapes(unit.domain))
        assert unit.domain.frames == (round(25 * point.duration_s) if point.medium == "video" else 0)


def test_the_loss_is_the_error_of_the_decoded_file(clip, swept):
    folder, result = swept
    for point in result.sizes:
        scores = CompareConfig(metrics=("psnr_db",), read=ReadConfig(duration_s=point.duration_s))
        compared = compare(clip, folder / point.file, scores)
        if point.medium == "video":
            expected = 4 / 10 ** (compared.video.scores["psnr_rgb_mse_db"] / 10)
        else:
            expected = 1 / 10 ** (compared.sound.scores["psnr_db"] / 10)
        assert point.loss == pytest.approx(expected)


def test_a_unified_network_gives_both_series_one_file(clip, tmp_path):
    config = SweepConfig((), SizeGrid((4,), (1,), (0.12,)), encode=replace(ENCODE, model=MODELS["av-siren"]))
    one, other = quietly(clip, tmp_path, config).sizes
    assert (one.medium, other.medium) == ("video", "audio")
    assert (one.file, one.parameters) == (other.file, other.parameters)
    assert not (tmp_path / "contact.png").exists()


def test_tables_have_a_row_a_point(swept):
    folder, result = swept
    with (folder / "bits.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["bits"]) for row in rows] == [2, 5, 9]
    assert [float(row["sqnr_db"]) for row in rows] == pytest.approx([point.sqnr_db for point in result.bits], 1e-4)
    with (folder / "sizes.csv").open() as file:
        assert [row["medium"] for row in csv.DictReader(file)] == ["video", "audio"] * 4


def test_the_json_holds_tensors_and_histograms(swept):
    folder, result = swept
    record = json.loads((folder / "sweep.json").read_text())
    assert record["keep_phases"] is True
    assert [tensor["tensor"] for tensor in record["bits"][0]["tensors"]] == [
        each.tensor for each in result.histograms
    ]
    assert record["histograms"][0]["quantized"].keys() == {"2", "5", "9"}


def test_a_score_that_cannot_be_measured_says_why(swept):
    _, result = swept
    assert all("visqol_mos" in point.missing for point in result.sizes if point.medium == "audio")
    assert "missing in 4 of 8 rows: visqol_mos: ViSQOL needs" in text_of(result)


def test_results_are_not_overwritten_unasked(clip, swept, tmp_path):
    folder, _ = swept
    with pytest.raises(OutputError, match="exists already"):
        quietly(clip, folder, SweepConfig(bits=(3,), encode=ENCODE))
    config = SweepConfig(bits=(3,), encode=ENCODE)
    quietly(clip, tmp_path, replace(config, bits=(4,)))
    quietly(clip, tmp_path, config, overwrite=True)
    assert [path.name for path in (tmp_path / "files").iterdir()] == ["bits-3.inrv"]


def test_the_source_is_never_a_result(clip, tmp_path):
    source = tmp_path / "contact.png"
    source.write_bytes(clip.read_bytes())
    with pytest.raises(OutputError, match="same file"):
        quietly(source, tmp_path, SweepConfig(bits=(3,), encode=ENCODE), overwrite=True)
    assert source.exists()


def test_what_the_source_lacks_is_refused_before_a_fit(clip, tmp_path):
    too_long = SweepConfig(bits=(3,), sizes=SizeGrid(durations_s=(5.0,)), encode=ENCODE)
    with pytest.raises(InputError, match=r"--durations 5: 0\.2\d s"):
        quietly(clip, tmp_path / "a", too_long)
    with pytest.raises(InputError, match="--frame 2"):
        quietly(clip, tmp_path / "b", SweepConfig(bits=(3,), frame=2, encode=ENCODE), ReadConfig(video=False))
    assert not list(tmp_path.iterdir())


def test_a_frame_after_the_end_is_the_last_one(clip, tmp_path):
    result = quietly(clip, tmp_path, SweepConfig(bits=(3,), frame=99, encode=ENCODE), ReadConfig(audio=False))
    assert result.contact.frame == 5
    assert any("--frame 99: there are 6 frames" in warning for warning in result.warnings)


def test_a_span_is_measured_against_the_same_span(clip, tmp_path):
    result = quietly(clip, tmp_path, SweepConfig(bits=(16,), encode=ENCODE), ReadConfig(start_s=0.12))
    assert {unit.domain.frames for unit in units_of(tmp_path / "files" / "bits-16.inrv")} == {3, 0}
    assert result.bits[0].scores.keys() == {"psnr_rgb_db", "ssim", "snr_db"}


def test_a_missing_library_is_a_warning(clip, tmp_path, monkeypatch):
    monkeypatch.setattr("invr.sweep.sweep.find_spec", lambda name: None)
    result = quietly(clip, tmp_path, SweepConfig(bits=(3,), encode=ENCODE))
    assert any("bokeh" in warning for warning in result.warnings)
    assert not (tmp_path / "sweep.html").exists()


@pytest.mark.parametrize("values", [{"widths": (1,)}, {"widths": (1025,)}, {"depths": (0,)}, {"durations_s": (0.0,)}])
def test_sizes_out_of_range(values):
    with pytest.raises(InputError, match="allowed are"):
        SizeGrid(**values)


def test_a_sweep_of_nothing_is_refused():
    with pytest.raises(InputError, match="--bits none"):
        SweepConfig(bits=())
