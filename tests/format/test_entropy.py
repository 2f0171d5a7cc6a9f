"""Payload coders: exact inverses that refuse anything else."""

import numpy as np
import pytest
from inrv_format.entropy import CODERS, coder_by_id
from inrv_format.errors import InvalidDataError, UnsupportedError

RAW = np.random.default_rng(0).normal(0, 9, 3000).astype(np.int8).tobytes()


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("raw", [b"", b"x", RAW, bytes(70_000)])
def test_a_payload_comes_back_as_it_went(coder, raw):
    assert coder_by_id(coder).decompress(coder_by_id(coder).compress(raw), len(raw)) == raw


@pytest.mark.parametrize("coder", CODERS)
def test_laplace_weights_get_smaller(coder):
    assert len(coder_by_id(coder).compress(RAW)) < 0.8 * len(RAW)


@pytest.mark.parametrize("coder", CODERS)
def test_cuts_and_appended_bytes_are_refused(coder):
    stored = coder_by_id(coder).compress(RAW)
    for bad in (stored[:-1], stored[: len(stored) // 2], b"", stored + b"\0"):
        with pytest.raises(InvalidDataError):
            coder_by_id(coder).decompress(bad, len(RAW))


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("claimed", [0, len(RAW) - 1, len(RAW) + 1])
def test_another_length_than_claimed_is_refused(coder, claimed):
    with pytest.raises(InvalidDataError):
        coder_by_id(coder).decompress(coder_by_id(coder).compress(RAW), claimed)


def test_an_unknown_coder_needs_a_newer_version():
    with pytest.raises(UnsupportedError, match="coder 77"):
        coder_by_id(77)


def test_a_zstandard_bomb_with_a_false_size_is_refused_at_once():
    """Blocks that repeat one byte 128 KiB times cost four bytes each; the frame claims 100 bytes."""
    header = b"\x28\xb5\x2f\xfd" + bytes([0b01_0_0_0_0_00]) + bytes([0x68]) + (0).to_bytes(2, "little")
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"x"
    with pytest.raises(InvalidDataError):
        coder_by_id(2).decompress(header + 100_000 * block, 256)
