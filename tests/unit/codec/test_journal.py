"""The journal: what was added is found again, whatever happens to its end."""

from __future__ import annotations

import os

import numpy as np
import pytest
from inrv_format.errors import OutputError

from invr.journal import Entry, Journal, digest_of, journal_path, key_of
from invr.signals import AudioSignal, Signal, VideoSignal

KEY = key_of("settings")


def signal(index=0, level=3) -> Signal:
    values = np.full((2, 3, 4, 3), level, np.uint8)
    video = VideoSignal(values, np.array([0, 1]), 1, 2 * index)
    return Signal(index, video, AudioSignal(np.zeros((5, 1), np.float32), 0, 0))


@pytest.fixture
def kept(tmp_path):
    """A journal of three chunks."""
    path = tmp_path / "out.inrv.journal"
    with Journal(path, KEY, lambda _: None) as journal:
        for index in range(3):
            entry = Entry(bytes([index]) * (10 + index), {"quality": 0.1 + index})
            journal.add(index, digest_of(signal(index)), entry)
    return path


def reopened(path, key=KEY, **options):
    heard = []
    with Journal(path, key, heard.append, **options) as journal:
        found = [journal.find(index, digest_of(signal(index))) for index in range(3)]
    return [entry and (entry.content, entry.notes["quality"]) for entry in found], heard


def test_what_was_added_is_found_again(kept):
    found, heard = reopened(kept)
    assert found == [(bytes([k]) * (10 + k), 0.1 + k) for k in range(3)]
    assert heard == ["going on with 3 chunks that are finished already (out.inrv.journal)"]


def test_a_cut_at_any_byte_loses_only_what_lies_behind_it(kept):
    data = kept.read_bytes()
    for length in range(len(data)):
        kept.write_bytes(data[:length])
        found, _ = reopened(kept)
        assert found == [found[k] and (bytes([k]) * (10 + k), 0.1 + k) for k in range(3)]
        assert sum(entry is not None for entry in found) == sum(length >= end for end in ends(data))


def ends(data: bytes) -> list[int]:
    """Where the records of `kept` end."""
    first = len(data) - sum(48 + len('{"quality": 0.1}') + 10 + k for k in range(3))
    return [first + sum(48 + len('{"quality": 0.1}') + 10 + k for k in range(upto + 1)) for upto in range(3)]


def test_a_flipped_bit_is_never_taken_for_a_chunk(kept):
    data = kept.read_bytes()
    for at in range(0, 8 * len(data), 7):
        damaged = bytearray(data)
        damaged[at // 8] ^= 1 << at % 8
        kept.write_bytes(damaged)
        found, _ = reopened(kept)
        assert all(entry in (None, (bytes([k]) * (10 + k), 0.1 + k)) for k, entry in enumerate(found))
        assert None in found


def test_what_follows_a_torn_record_is_written_over_it(kept):
    kept.write_bytes(kept.read_bytes()[:-3])
    with Journal(kept, KEY, lambda _: None) as journal:
        journal.add(2, digest_of(signal(2)), Entry(b"again", {"quality": 9.0}))
    assert reopened(kept)[0][2] == (b"again", 9.0)


def test_other_settings_begin_anew_and_say_so(kept):
    found, heard = reopened(kept, key_of("others"))
    assert found == [None] * 3
    assert heard == ["out.inrv.journal is of other settings: all is encoded anew"]


def test_no_resume_begins_anew_and_says_so(kept):
    found, heard = reopened(kept, resume=False)
    assert found == [None] * 3 and heard == ["out.inrv.journal is not used: all is encoded anew"]


def test_another_source_is_noticed(kept):
    heard = []
    with Journal(kept, KEY, heard.append) as journal:
        assert journal.find(1, digest_of(signal(1, level=4))) is None
    assert heard[-1] == "chunk 1 of the source is not what it was: it is encoded anew"


def test_two_encodes_cannot_write_one_file(kept):
    with Journal(kept, KEY, lambda _: None), pytest.raises(OutputError, match="another encode is writing this file"):
        Journal(kept, KEY, lambda _: None)


@pytest.mark.parametrize("change", [{"level": 4}, {"index": 1}])
def test_a_digest_is_of_all_that_a_signal_says(change):
    assert digest_of(signal(**change)) != digest_of(signal())


def test_pipes_and_devices_have_no_journal(tmp_path):
    assert journal_path(os.devnull) is None
    assert journal_path(tmp_path) is None
    assert journal_path(tmp_path / "new.inrv") == tmp_path / "new.inrv.journal"
