"""Parts of files by the command line: crops, single pictures, contact sheets, and what they say of their work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import pytest
from inrv_format.writer import Writer
from toys import TOY_STREAMS, run_invr, toy_chunk, toy_file


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Four chunks of three frames of 7x5, 25 a second, with sound."""
    path = tmp_path_factory.mktemp("film") / "toy.inrv"
    path.write_bytes(toy_file(4))
    return path


def size_of(path: Path) -> tuple[int, int]:
    with av.open(str(path)) as container:
        return container.streams.video[0].width, container.streams.video[0].height


def test_a_crop_of_a_scaled_picture(film, tmp_path):
    done = run_invr("decode", film, "-o", tmp_path / "a.mkv", "--scale", 2, "--crop", "3:1:11:9", "-ss", "0.25", "-v")
    assert done.returncode == 0, done.stderr
    assert size_of(tmp_path / "a.mkv") == (11, 9)
    first, *_, last = done.stderr.splitlines()
    assert first.startswith("about ")
    assert first.endswith(" % of the whole file's work is to be done")
    assert last.startswith("work: ")
    assert f"{5 * 99} pixels" in last
    assert "chunks 2 of 4" in last


def test_a_crop_goes_to_numbered_pictures(film, tmp_path):
    done = run_invr("decode", film, "-o", tmp_path / "a%d.png", "--crop", "6:4:1:1", "-frames", 2)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a1.png", "a2.png"]
    assert size_of(tmp_path / "a2.png") == (1, 1)


def test_a_picture_at_a_time(film, tmp_path):
    done = run_invr("decode", film, "-o", tmp_path / "a.png", "--at", "0.33", "-s", "14x10", "-v")
    assert done.returncode == 0, done.stderr
    assert size_of(tmp_path / "a.png") == (14, 10)
    assert "140 pixels, 0 samples; chunks 1 of 4" in done.stderr


def test_without_v_nothing_is_said_of_work(film, tmp_path):
    done = run_invr("decode", film, "-o", tmp_path / "a.mkv")
    assert (done.returncode, "work" in done.stderr) == (0, False)


def test_a_contact_sheet_with_its_times(film, tmp_path):
    done = run_invr("thumbs", film, "-o", tmp_path / "a.jpg", "--columns", 2, "--rows", 2, "--width", 14, "-v")
    assert done.returncode == 0, done.stderr
    assert size_of(tmp_path / "a.jpg") == (40, 32)
    assert done.stdout.splitlines() == ["row column time_s", "1 1 0.060", "1 2 0.180", "2 1 0.300", "2 2 0.420"]
    assert "4 frames, 40x32" in done.stderr
    assert f"{4 * 140} pixels, 0 samples; chunks 4 of 4" in done.stderr


def test_a_file_of_sound_has_neither_crop_nor_sheet(tmp_path):
    with (tmp_path / "a.inrv").open("wb") as file:
        writer = Writer(file, {1: TOY_STREAMS[1]}, {})
        chunk = toy_chunk()
        writer.write(replace(chunk, video=None, units=chunk.units[1:]))
        writer.close()
    crop = run_invr("decode", tmp_path / "a.inrv", "-o", tmp_path / "a.wav", "--crop", "0:0:1:1")
    sheet = run_invr("thumbs", tmp_path / "a.inrv", "-o", tmp_path / "a.png")
    assert (crop.returncode, sheet.returncode) == (3, 3)
    assert "with a picture" in crop.stderr
    assert "sound only" in sheet.stderr


ERRORS = {
    "crop outside": (["decode", "{film}", "-o", "{tmp}/o.mkv", "--crop", "5:0:3:5"], 3, "x + w up to 7"),
    "crop of nothing": (["decode", "{film}", "-o", "{tmp}/o.mkv", "--crop", "0:0:0:5"], 2, "X:Y:WIDTH:HEIGHT"),
    "crop by words": (["decode", "{film}", "-o", "{tmp}/o.mkv", "--crop", "middle"], 2, "16:0:128:96"),
    "at past the end": (["decode", "{film}", "-o", "{tmp}/o.png", "--at", "9"], 3, "the picture's end at 0.48 s"),
    "at and a span": (["decode", "{film}", "-o", "{tmp}/o.png", "--at", "0.1", "-t", "1"], 2, "one of the two"),
    "sheet as video": (["thumbs", "{film}", "-o", "{tmp}/o.mp4"], 2, "png, jpg"),
    "sheet of a pipe": (["thumbs", "-", "-o", "{tmp}/o.png"], 2, "sought"),
    "sheet over the grid": (["thumbs", "{film}", "-o", "{tmp}/o.png", "--columns", "0"], 2, "--columns 0"),
    "sheet exists": (["thumbs", "{film}", "-o", "{film}"], 8, "same file"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_one_line_and_leave_nothing(case, film, tmp_path):
    arguments, code, words = ERRORS[case]
    done = run_invr(*[argument.format(tmp=tmp_path, film=film) for argument in arguments])
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (done.stdout, list(tmp_path.iterdir())) == ("", [])
