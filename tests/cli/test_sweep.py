"""`invr sweep` as a whole command: exit code, stdout, stderr and files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from toys import run_invr, toy_clip

TINY = ("--steps", "8", "-j", "1")


def invr(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_invr("sweep", *arguments)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Four frames of 16x12 with a tone of 0.16 s."""
    return toy_clip(tmp_path_factory.mktemp("clip"), 4, rate_hz=8000)


@pytest.fixture(scope="module")
def swept(clip, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder and the output of a sweep of bits and sizes."""
    folder = tmp_path_factory.mktemp("swept") / "new" / "folder"
    return folder, invr(clip, "-o", folder, "--bits", "8,1,16,8", "--widths", "4", "--durations", "0.08,0.16", *TINY)


def test_the_folder_gets_everything(swept):
    folder, done = swept
    assert done.returncode == 0, done.stderr
    expected = {"sweep.json", "bits.csv", "sizes.csv", "contact.png", "sweep.html", "files"}
    assert set(os.listdir(folder)) == expected
    names = {path.name for path in (folder / "files").iterdir()}
    sizes = {f"size-4x2-{length}s-{medium}.inrv" for length in ("0.08", "0.16") for medium in ("video", "audio")}
    assert names == {"bits-1.inrv", "bits-8.inrv", "bits-16.inrv"} | sizes


def test_the_table_is_aligned_and_says_what_was_done(swept):
    _, done = swept
    lines = done.stdout.splitlines()
    assert lines[0].split()[:6] == ["bits", "file", "B", "payload", "B", "PSNR"]
    assert [line.split()[0] for line in lines[1:4]] == ["1", "8", "16"]
    assert len({len(line) for line in lines[:4]}) == 1
    assert any("the bits that their phases need" in line for line in lines)
    assert sum(line.startswith(("video ", "audio ")) for line in lines) == 4


def test_the_csv_has_a_row_for_each_width(swept):
    folder, _ = swept
    with (folder / "bits.csv").open() as file:
        assert [row["bits"] for row in csv.DictReader(file)] == ["1", "8", "16"]


def test_json_goes_to_stdout_and_nothing_else(clip, tmp_path):
    done = invr(
        clip, "-o", tmp_path / "a", "--bits", "6", "--every-tensor", "--json", "-q", "-an", "-m", "siren-still", *TINY
    )
    record = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert record == json.loads((tmp_path / "a" / "sweep.json").read_text())
    assert record["keep_phases"] is False
    assert {tensor["bits"] for tensor in record["bits"][0]["tensors"]} == {6}
    assert record["contact"]["cells"] == ["original", "6 bits"]


def test_the_same_sweep_gives_the_same_files(clip, swept, tmp_path):
    invr(clip, "-o", tmp_path, "--bits", "16", "-q", *TINY)
    assert (tmp_path / "files" / "bits-16.inrv").read_bytes() == (swept[0] / "files" / "bits-16.inrv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--bits", "0"), 2, "--bits 0: allowed are 1 to 16"),
        (("--bits", "8,17"), 2, "--bits 17: allowed are 1 to 16"),
        (("--bits", "8,,9"), 2, "allowed are 1 to 16"),
        (("--bits", "none"), 2, "--widths, --depths or --durations"),
        (("--widths", "1"), 2, "--widths 1: allowed are 2 to 1024"),
        (("--depths", "0"), 2, "--depths 0"),
        (("--durations", "0"), 2, "--durations 0"),
        (("--durations", "9"), 3, "--durations 9"),
        (("--preset", "warp"), 2, "--preset warp"),
        (("--coder", "zip"), 2, "coder zip"),
        (("--frame", "1", "-vn"), 3, "--frame 1"),
    ],
)
def test_wrong_options_are_one_line(clip, tmp_path, arguments, code, words):
    done = invr(clip, "-o", tmp_path / "a", *arguments, *TINY)
    assert (done.returncode, done.stdout) == (code, "")
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert not (tmp_path / "a").exists()


def test_existing_results_and_wrong_folders_are_one_line(clip, swept, tmp_path):
    folder, _ = swept
    (tmp_path / "file").write_text("not a folder")
    for target, words in ((folder, "exists already (-y to overwrite)"), (tmp_path / "file", "file: ")):
        done = invr(clip, "-o", target, *TINY)
        assert (done.returncode, done.stdout) == (8, "")
        assert len(done.stderr.splitlines()) == 1
        assert words in done.stderr


def test_missing_sources_are_one_line(tmp_path):
    for source, code in (("missing.avi", 3), ("-", 2)):
        done = invr(source, "-o", tmp_path / "a")
        assert (done.returncode, done.stdout) == (code, "")
        assert len(done.stderr.splitlines()) == 1


def test_help_needs_no_torch():
    script = (
        "import sys; from invr.cli.main import main\n"
        "sys.argv = ['invr', 'sweep', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'av', 'bokeh'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
    assert "--every-tensor" in done.stdout
