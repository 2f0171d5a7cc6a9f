"""Output files are whole or not there."""

import io
import os

import pytest
from inrv_format.errors import OutputError

from invr.output import TargetFile


def test_a_file_appears_when_it_is_finished(tmp_path):
    path = tmp_path / "a"
    with TargetFile(path) as file:
        file.write(b"hello")
        assert not path.exists()
    assert path.read_bytes() == b"hello"
    assert os.listdir(tmp_path) == ["a"]


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    file = TargetFile(path)
    file.write(b"new")
    file.__exit__(RuntimeError, RuntimeError(), None)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="No such file"):
        TargetFile(tmp_path / "no" / "a")


def test_what_cannot_be_finished_leaves_nothing(tmp_path, monkeypatch):
    def full(_number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"), TargetFile(tmp_path / "a") as file:
        file.write(b"hello")
    assert os.listdir(tmp_path) == []


def test_short_writes_lose_nothing():
    class Narrow(io.RawIOBase):
        taken = b""

        def writable(self):
            return True

        def write(self, data):
            self.taken += bytes(data[:3])
            return min(3, len(data))

    narrow = Narrow()
    with TargetFile(narrow) as file:
        file.write(b"0123456789")
    assert narrow.taken == b"0123456789"
