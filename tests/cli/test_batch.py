"""`invr encode --batch`: tiles fitted together give the file that they give one by one."""

import pytest
from toys import run_invr, toy_clip

import invr


def test_a_batch_changes_nothing_but_roundings(tmp_path):
    clip = toy_clip(tmp_path, frames=4, height=16, width=64)
    found = []
    for batch in (1, 4):
        path = tmp_path / f"{batch}.inrv"
        options = ("--steps", 30, "--tiles", "2x1", "--batch", batch, "--workers", 1)
        done = run_invr("encode", clip, "-o", path, *options)
        assert done.returncode == 0, done.stderr
        with invr.open(path) as video:
            found.append(video[2].astype(float))
    assert abs(found[0] - found[1]).mean() < 1


def test_a_negative_batch_is_wrong_usage(tmp_path):
    done = run_invr("encode", toy_clip(tmp_path), "-o", tmp_path / "out.inrv", "--batch", -1)
    assert done.returncode == 2
    assert "--batch" in done.stderr


@pytest.mark.gpu
def test_a_gpu_encodes_and_decodes(tmp_path):
    clip = toy_clip(tmp_path, frames=4, height=16, width=64)
    coded, decoded = tmp_path / "out.inrv", tmp_path / "out.mkv"
    done = run_invr(
        "encode", clip, "-o", coded, "--steps", 60, "--tiles", "2x1", "--device", "cuda", "--workers", 1, "--verify"
    )
    assert done.returncode == 0, done.stderr
    done = run_invr("decode", coded, "-o", decoded, "--device", "cuda")
    assert done.returncode == 0, done.stderr
