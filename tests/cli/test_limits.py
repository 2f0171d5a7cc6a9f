"""`--limits`: what a reader refuses, and how somebody who trusts a file has it read all the same."""

import pytest
from toys import run_invr, toy_file

COMMANDS = (("decode", "-o", "-", "-f", "digest", "-q"), ("info",), ("test", "-q"))


@pytest.fixture
def path(tmp_path):
    (tmp_path / "toy.inrv").write_bytes(toy_file(3))
    return tmp_path / "toy.inrv"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_lower_limit_refuses_and_is_named(path, command):
    done = run_invr(command[0], path, *command[1:], "--limits", "width=6")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith("invr: ") and done.stderr.count("\n") == 1
    assert "picture of 7x5, the limit is 6" in done.stderr
    assert done.stderr.endswith("; --limits width=N sets another\n")
    assert run_invr(command[0], path, *command[1:], "--limits", "width=7,height=2^3").returncode == 0


def test_the_work_of_a_file_is_known_before_any_of_it_is_evaluated(path):
    """Each of the three chunks is allowed, all together are not: nothing is written."""
    options = ("-f", "digest", "-q", "--limits", "macs_per_chunk=50k,macs_per_file=100k")
    done = run_invr("decode", path, "-o", "-", *options)
    assert (done.returncode, done.stdout) == (6, "")
    assert "--limits macs_per_file=N" in done.stderr
    assert run_invr("decode", path, "-o", "-", "-frames", "3", "-t", "0.1", *options).returncode == 0


@pytest.mark.parametrize("text", ["depth=3", "width", "width=", "width=-1", "width=1e3", "width=2^9999"])
def test_what_is_no_limit_is_wrong_usage(path, text):
    done = run_invr("info", path, "--limits", text)
    assert done.returncode == 2 and "--limits" in done.stderr
