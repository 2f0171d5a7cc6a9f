"""The cases of `suite.toml`: shell lines with their exit code, stdout and stderr, each in a folder of its own.

A case is a table named by what it shows. `run` goes to `bash -c` in a folder with `toy.inrv` (two chunks, 1820
bytes), `clip.mkv` (six frames of 16x12 and a tone) and `text.txt`; `$vectors` are the conformance files. Expected are

    code                                 the exit code; 0 if it is not given
    stdout, stderr                       exact text; none if it is not given
    stdout_like, stderr_like             or a regular expression for all of it
    leaves                               names of new files; none if it is not given, and no file may be altered
    terminal = ["stdin", "stdout", ...]  these are a terminal; otherwise stdin is empty and the others are pipes
    as_user                              rights to files count for this case, with root too
    lines                                how many lines an error has on stderr, or "many"; 1 if it is not given
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import tomllib
import tty
from pathlib import Path
from typing import Any

import pytest
from toys import SPEC, toy_clip, toy_file

CASES: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("suite.toml").read_text())
TEXTS = {"run", "stdout", "stderr", "stdout_like", "stderr_like"}
KEYS = TEXTS | {"code", "leaves", "terminal", "as_user", "lines"}
STREAMS = ("stdin", "stdout", "stderr")
QUIET_CODES = {0, 141}
TIMEOUT_S = 300
DROP_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Path:
    """A folder for PATH with `invr` in it."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "invr").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m invr "$@"\n')
    (folder / "invr").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "toy.inrv").write_bytes(toy_file())
    (folder / "text.txt").write_text("this is not a film\n")
    toy_clip(folder, rate_hz=8000)
    return folder


@pytest.fixture
def folder(prepared, tmp_path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "here"))


class Stream:
    """One end of a standard stream; what comes out of the other is gathered by a thread."""

    def __init__(self, name: str, *, terminal: bool) -> None:
        self.data = b""
        self._ours: int | None = None
        if terminal:
            self._ours, self.end = pty.openpty()
            tty.setraw(self.end)
            termios.tcsetwinsize(self.end, (24, 80))
        elif name == "stdin":
            self.end = os.open(os.devnull, os.O_RDONLY)
        else:
            self._ours, self.end = os.pipe()
        self._reader = threading.Thread(target=self._gather)

    def start(self) -> None:
        """Nobody but the child writes from here on."""
        os.close(self.end)
        self._reader.start()

    def text(self) -> str:
        self._reader.join(TIMEOUT_S)
        return self.data.decode("utf-8", "surrogateescape")

    def _gather(self) -> None:
        if self._ours is None:
            return
        try:
            while data := os.read(self._ours, 1 << 16):
                self.data += data
        except OSError:  # how Linux says that nobody has the terminal open any more
            pass
        finally:
            os.close(self._ours)


def outcome(case: dict[str, Any], folder: Path, programs: Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    streams = {name: Stream(name, terminal=name in case.get("terminal", ())) for name in STREAMS}
    paths = {"PATH": f"{programs}:{os.environ['PATH']}", "vectors": str(SPEC / "vectors")}
    command = ["bash", "-c", case["run"]]
    running = subprocess.Popen(
        [*DROP_RIGHTS, *command] if needs_drop(case) else command,
        cwd=folder,
        env=os.environ | {"TERM": "xterm", "OMP_NUM_THREADS": "1"} | paths,
        start_new_session=True,
        **{name: stream.end for name, stream in streams.items()},
    )
    for stream in streams.values():
        stream.start()
    try:
        code = running.wait(TIMEOUT_S)
    finally:
        end_group(running)
    return code, streams["stdout"].text(), streams["stderr"].text()


def end_group(running: subprocess.Popen[bytes]) -> None:
    """Whatever the shell has left behind."""
    try:
        os.killpg(running.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def needs_drop(case: dict[str, Any]) -> bool:
    return case.get("as_user", False) and os.geteuid() == 0


def files_of(folder: Path) -> dict[str, bytes]:
    """All files by their names below the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_text(case: dict[str, Any], name: str, found: str) -> None:
    """A stream as the case says it, exactly or like this."""
    like = case.get(f"{name}_like")
    if like is None:
        assert found == case.get(name, ""), name
    else:
        assert re.fullmatch(like, found, re.DOTALL), f"{name}: {found!r}"


@pytest.mark.parametrize("name", CASES)
def test_case(name, folder, programs):
    case = CASES[name]
    if needs_drop(case) and shutil.which(DROP_RIGHTS[0]) is None:
        pytest.skip("root has all rights, and there is no setpriv to drop them")
    before = files_of(folder)
    code, stdout, stderr = outcome(case, folder, programs)
    assert "Traceback" not in stdout + stderr, stderr
    assert code == case.get("code", 0), stderr
    assert_text(case, "stdout", stdout)
    assert_text(case, "stderr", stderr)
    if code not in QUIET_CODES:
        assert case.get("lines", 1) in (len(stderr.splitlines()), "many")
    after = files_of(folder)
    assert sorted(after.keys() - before.keys()) == sorted(case.get("leaves", ()))
    assert before.items() <= after.items(), "a file has gone or is another"


def test_the_table_has_known_keys_and_enough_cases():
    assert set().union(*CASES.values()) <= KEYS
    assert len(CASES) >= 60
