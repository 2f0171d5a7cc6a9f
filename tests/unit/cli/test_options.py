"""Reading what was typed."""

from fractions import Fraction

import pytest
import typer

from invr.cli.options import output_name, parse_amount, parse_crop, parse_rate, parse_size, parse_span, parse_time
from invr.cli.progress import clock, percentage, size, speed, work_line
from invr.crop import Crop
from invr.work import Work


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90.5", 90.5),
        (".5", 0.5),
        ("1:30", 90),
        ("1:30.5", 90.5),
        ("1:02:03", 3723),
        ("1500ms", 1.5),
        ("2s", 2),
        ("250000us", 0.25),
    ],
)
def test_times(text, seconds):
    assert parse_time(text, "-ss") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "soon", "1e3", "nan", "1:"])
def test_not_times(text):
    with pytest.raises(typer.BadParameter, match="-ss"):
        parse_time(text, "-ss")


@pytest.mark.parametrize(
    ("text", "number"),
    [("40000", 40_000), ("40k", 40_000), ("40K", 40_000), ("1.5M", 1.5e6), (".5G", 5e8), ("2Ki", 2048)],
)
def test_amounts(text, number):
    assert parse_amount(text, "-b") == number


@pytest.mark.parametrize("text", ["", "0", "-1", "k", "1.5m", "10kb", "2i", "1e3", "nan"])
def test_not_amounts(text):
    with pytest.raises(typer.BadParameter, match="-b"):
        parse_amount(text, "-b")


def test_spans():
    assert parse_span("10", None, "15") == (10.0, 5.0)
    assert parse_span(None, "3", None) == (0.0, 3.0)
    assert parse_span("1", "2", "9") == (1.0, 2.0)
    with pytest.raises(typer.BadParameter):
        parse_span("5", None, "5")


def test_sizes_and_rates():
    assert parse_size("640x360", "-s") == (640, 360)
    assert parse_rate("30000/1001") == Fraction(30000, 1001)
    assert parse_rate("29.97") == Fraction(2997, 100)
    for wrong in ("640", "0x4", "axb", "640x"):
        with pytest.raises(typer.BadParameter):
            parse_size(wrong, "-s")
    for wrong in ("0", "-5", "1/0", "fast", "1e9"):
        with pytest.raises(typer.BadParameter):
            parse_rate(wrong)


def test_crops():
    assert parse_crop("16:0:128:96") == Crop(16, 0, 128, 96)
    assert parse_crop(None) is None
    for wrong in ("1:2:3", "0:0:0:9", "-1:0:4:4", "a:b:c:d", "0:0:4:4:4"):
        with pytest.raises(typer.BadParameter, match="--crop"):
            parse_crop(wrong)


def test_outputs():
    assert output_name("a", None) == output_name(None, "a") == output_name("a", "a") == "a"
    for pair in ((None, None), ("a", "b")):
        with pytest.raises(typer.BadParameter):
            output_name(*pair)


def test_numbers_for_people():
    assert [clock(5), clock(65), clock(3661)] == ["00:05", "01:05", "1:01:01"]
    assert [size(999), size(8500), size(2_330_000)] == ["999 B", "8.5 kB", "2.33 MB"]
    assert speed(1.0, 8.0) == "0.125x"


def test_work_for_people():
    assert [percentage(share) for share in (0.03141, 0.5, 0.000314, 4.0)] == ["3.1 %", "50 %", "0.031 %", "400 %"]
    exact, part = Work(5, 4, 3, 2, 1000, 10, 2, 2000), Work(5, 4, 3, 1, 1000, 10, 2, 2000)
    assert "5.00e+00 multiply-adds, 50 % of the whole file's; 4 pixels, 3 samples; chunks 2 of 2" in work_line(exact)
    assert ", about 50 % of" in work_line(part)
    assert work_line(Work(5, 4, 3, 2, 1000)).endswith("multiply-adds; 4 pixels, 3 samples; chunks 2; read 1.0 kB")
