"""Which round of a refinement is taken, and how the price of a bit and the rates move."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from invr import refine_chunk
from invr.config import FitConfig
from invr.encode_chunk import EncodedChunk
from invr.refine_chunk import ChunkRefinement, refine_job


def shown(psnr_db, length):
    return EncodedChunk(bytes(length), SimpleNamespace(video=SimpleNamespace(psnr_db=psnr_db)))


@pytest.fixture
def rounds(monkeypatch):
    """`rounds(*results)`: what is taken of rounds that give these, and the PSNR, price and rate each began with."""

    def refined(*results):
        first, begun = shown(30.0, 1000), []

        def fitted_on(chunk, argument, number, told):
            begun.append((chunk.video.psnr_db, argument.fit.lmbda, argument.rate))
            return results[number]

        monkeypatch.setattr(refine_chunk, "parse_chunk", lambda content, streams: first.chunk)
        monkeypatch.setattr(refine_chunk, "_round", fitted_on)
        argument = ChunkRefinement(first.content, None, {}, FitConfig(lmbda=0.03), 0, "cpu", rate=0.4)
        return refine_job(argument, lambda *_: None), begun

    return refined


def test_bytes_too_many_are_gone_on_from_and_not_taken(rounds):
    best, begun = rounds(shown(31.0, 1010), shown(30.9, 990), shown(31.5, 1001))
    assert (best.chunk.video.psnr_db, len(best.content)) == (30.9, 990)
    assert [psnr for psnr, _, _ in begun] == [30.0, 31.0, 31.0]


def test_the_price_of_a_bit_follows_the_bytes(rounds):
    _, begun = rounds(shown(31.0, 1040), shown(31.1, 900), shown(31.2, 990))
    (_, first, _), (_, dearer, _), (_, cheaper, _) = begun
    assert first == 0.03 < dearer < 0.06
    assert cheaper == pytest.approx(dearer * (0.9 / 0.99) ** 6)


def test_no_price_moves_more_than_twofold(rounds):
    _, begun = rounds(shown(29.0, 10), shown(29.0, 5000), shown(29.0, 990))
    assert [price for _, price, _ in begun] == pytest.approx([0.03, 0.015, 0.03])


def test_rates_are_halved_where_nothing_was_gained(rounds):
    best, begun = rounds(shown(29.9, 900), shown(30.2, 990), shown(30.1, 990))
    assert [rate for _, _, rate in begun] == [0.4, 0.2, 0.2]
    assert best.chunk.video.psnr_db == 30.2


def test_what_is_never_better_is_as_it_was(rounds):
    best, _ = rounds(shown(29.9, 900), shown(32.0, 1001), shown(30.0, 900))
    assert (best.chunk.video.psnr_db, len(best.content)) == (30.0, 1000)
