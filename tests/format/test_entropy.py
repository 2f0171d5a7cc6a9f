"""Payload coders: exact inverses that refuse anything else."""

import numpy as np
import pytest
from inrv_format.entropy import BYTE_CODERS, NAMES, check_coder, coder_id_by_name, compress, decompress
from inrv_format.errors import InvalidDataError, UnsupportedError
from inrv_format.quantization import SYMMETRIC, TensorHeader
from inrv_format.tensors import pack
from toys import flat_tensor, layout_of

VALUES = np.random.default_rng(0).normal(0, 9, 3000).astype(np.int8)
HEADER = TensorHeader(8, SYMMETRIC, 0, 1.0)
SYMBOLS = (flat_tensor(VALUES, HEADER),)


@pytest.mark.parametrize("coder", BYTE_CODERS)
@pytest.mark.parametrize("raw", [b"", b"x", VALUES.tobytes(), bytes(70_000)])
def test_bytes_come_back_as_they_went(coder, raw):
    module = BYTE_CODERS[coder]
    assert module.decompress(module.compress(raw), len(raw)) == raw


@pytest.mark.parametrize("coder", NAMES)
def test_integers_come_back_packed(coder):
    assert decompress(coder, compress(coder, SYMBOLS), layout_of(SYMBOLS)) == pack(SYMBOLS)


@pytest.mark.parametrize("coder", NAMES)
def test_laplace_weights_get_smaller(coder):
    assert len(compress(coder, SYMBOLS)) < 0.8 * len(pack(SYMBOLS))


@pytest.mark.parametrize("coder", NAMES)
def test_cuts_and_appended_bytes_are_refused(coder):
    stored = compress(coder, SYMBOLS)
    for bad in (stored[:-1], stored[: len(stored) // 2], b"", stored + b"\0"):
        with pytest.raises(InvalidDataError):
            decompress(coder, bad, layout_of(SYMBOLS))


@pytest.mark.parametrize("coder", NAMES)
@pytest.mark.parametrize("claimed", [0, VALUES.size - 1, VALUES.size + 1])
def test_another_length_than_claimed_is_refused(coder, claimed):
    layout = layout_of((flat_tensor(np.resize(VALUES, claimed), HEADER),))
    with pytest.raises(InvalidDataError):
        decompress(coder, compress(coder, SYMBOLS), layout)


def test_coders_are_found_by_name():
    assert {coder_id_by_name(name): name for name in NAMES.values()} == NAMES


def test_an_unknown_coder_needs_a_newer_version():
    for attempt in (check_coder, lambda coder: compress(coder, SYMBOLS), lambda coder: decompress(coder, b"", None)):
        with pytest.raises(UnsupportedError, match="coder 77"):
            attempt(77)


def test_a_zstandard_bomb_with_a_false_size_is_refused_at_once():
    """Blocks that repeat one byte 128 KiB times cost four bytes each; the frame claims 100 bytes."""
    header = b"\x28\xb5\x2f\xfd" + bytes([0b01_0_0_0_0_00]) + bytes([0x68]) + (0).to_bytes(2, "little")
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"x"
    with pytest.raises(InvalidDataError):
        BYTE_CODERS[2].decompress(header + 100_000 * block, 256)
