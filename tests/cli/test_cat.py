"""`invr cat` as a whole command: exit code, stdout, stderr and files."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from inrv_format.reader import Reader
from toys import TOY_AUDIO, TOY_VIDEO, file_of, toy_chunk, toy_clip, toy_file
from warm import warm_run

WHOLE = toy_file(3)


def invr(*arguments: object, stdin: bytes = b"", **options: object) -> subprocess.CompletedProcess[bytes]:
    if not options:
        return warm_run(arguments, stdin)
    command = [sys.executable, "-m", "invr", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120, **options)


@pytest.fixture
def parts(tmp_path) -> list[Path]:
    """A whole of three chunks in two parts, and a clip of another height."""
    files = {
        "p0.inrv": file_of([toy_chunk(0)]),
        "p1.inrv": file_of([toy_chunk(1), toy_chunk(2)]),
        "high.inrv": file_of([], {0: replace(TOY_VIDEO, height=6), 1: TOY_AUDIO}),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in files]


def test_parts_become_the_whole(parts, tmp_path):
    done = invr("cat", *parts[:2], "-o", tmp_path / "whole.inrv")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().splitlines()[-1].startswith(f"{tmp_path / 'whole.inrv'}: 2 files, 3 chunks")
    assert (tmp_path / "whole.inrv").read_bytes() == WHOLE


def test_a_pipe_is_one_of_the_files_and_the_output_another(parts):
    done = invr("cat", parts[0], "-", "-o", "-", "-q", stdin=parts[1].read_bytes())
    assert (done.returncode, done.stdout, done.stderr) == (0, WHOLE, b"")


def test_redirected_and_substituted_files_can_be_read_once(parts):
    script = f'{sys.executable} -m invr cat <(cat "$0") - -o - -q < "$1"'
    done = subprocess.run(["bash", "-c", script, *map(str, parts[:2])], capture_output=True, check=True, timeout=120)
    assert done.stdout == WHOLE


def test_clips_decode_one_after_the_other(tmp_path):
    (tmp_path / "clip.inrv").write_bytes(toy_file(2))
    assert invr("cat", *[tmp_path / "clip.inrv"] * 2, "-o", tmp_path / "both.inrv").returncode == 0
    shown = [invr("decode", tmp_path / name, "-o", "-", "-f", "digest") for name in ("clip.inrv", "both.inrv")]
    once, twice = ([line.split(", ") for line in done.stdout.decode().splitlines()] for done in shown)
    frames, all_frames = ([line for line in lines if line[0] == "0"] for lines in (once, twice))
    assert [line[3] for line in all_frames] == 2 * [line[3] for line in frames]
    assert [int(line[1]) for line in all_frames] == [*range(12)]


def test_the_chunks_of_an_encode_are_joined_to_its_bytes(tmp_path):
    """Three chunks of frames and overlapping sound, each in a file of its own."""
    clip = toy_clip(tmp_path, rate_hz=8000)
    invr("encode", clip, "-o", tmp_path / "whole.inrv", "--steps", "8", "--chunk-frames", "2", "-q", "-j", "1")
    whole = (tmp_path / "whole.inrv").read_bytes()
    reader = Reader(io.BytesIO(whole))
    names = [tmp_path / f"{chunk.index}.inrv" for chunk in reader.chunks()]
    for name, chunk in zip(names, reader.chunks(), strict=True):
        name.write_bytes(file_of([chunk], reader.streams, reader.tags))
    assert len(names) == 3
    assert invr("cat", *names, "-o", "-").stdout == whole


@pytest.mark.parametrize(
    ("command", "heavy"), [("cat", {"torch", "av", "scipy", "numpy"}), ("repair", {"torch", "av", "scipy"})]
)
def test_work_on_the_container_imports_nothing_heavy(command, heavy, parts):
    script = (
        "import sys; from invr.cli.main import main\n"
        f"sys.argv = ['invr', {command!r}, {str(parts[0])!r}, '-o', {str(parts[0].parent / 'o.inrv')!r}]\n"
        "try: main()\n"
        f"finally: print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[]\n"


def test_a_missing_part_is_warned_of(parts, tmp_path):
    done = invr("cat", parts[1], parts[1], "-o", tmp_path / "o.inrv")
    assert done.returncode == 0
    assert done.stderr.decode().startswith(f"invr: warning: {parts[1]}: starts with chunk 1")


ERRORS = {
    "another height": (["p0.inrv", "high.inrv", "-o", "o.inrv"], 3, "high.inrv: picture has height 6, 5 in p0.inrv"),
    "no output": (["p0.inrv", "p1.inrv"], 2, "--output"),
    "no input": (["-o", "o.inrv"], 2, "IN..."),
    "a pipe twice": (["-", "-", "-o", "o.inrv"], 2, "several"),
    "exists": (["p0.inrv", "-o", "p1.inrv"], 8, "-y"),
    "over an input": (["p0.inrv", "p1.inrv", "-y", "-o", "p1.inrv"], 8, "same file"),
    "missing": (["p0.inrv", "none.inrv", "-o", "o.inrv"], 3, "none.inrv"),
    "damaged": (["p0.inrv", "bad.inrv", "-o", "o.inrv"], 4, "bad.inrv: CHNK box content CRC"),
    "full disk": (["p0.inrv", "-o", "/dev/full"], 8, "No space"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_one_line_and_leave_nothing(case, parts, tmp_path):
    arguments, code, words = ERRORS[case]
    damaged = bytearray(parts[1].read_bytes())
    damaged[500] ^= 1
    (tmp_path / "bad.inrv").write_bytes(damaged)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    done = invr("cat", *arguments, cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == code, done.stderr
    assert words in done.stderr.decode()
    assert len(done.stderr.decode().splitlines()) == 1
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


def test_more_files_than_can_be_open_at_once(parts, tmp_path):
    arguments = ["-m", "invr", "cat", *[str(parts[0])] * 70, "-o", str(tmp_path / "o.inrv"), "-q"]
    script = 'ulimit -n 40; exec "$0" "$@"'
    subprocess.run(["bash", "-c", script, sys.executable, *arguments], check=True, timeout=120)
    with (tmp_path / "o.inrv").open("rb") as file:
        assert Reader(file).index.frame_count == 70 * 3
