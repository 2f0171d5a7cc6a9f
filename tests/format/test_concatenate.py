"""Files joined by their boxes: parts of one encode, and clips that are moved."""

import io
import math
from contextlib import nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from inrv_format import InputError, InvalidDataError, LimitError, Reader
from inrv_format.chunk import build_chunk, parse_chunk
from inrv_format.concatenate import concatenate
from inrv_format.limits import Limits
from inrv_format.retime import Shift, shifted
from inrv_format.wholeness import unpacked
from mutants import Pipe
from toys import TOY_AUDIO, TOY_STREAMS, TOY_VIDEO, file_of, toy_chunk, toy_file

WHOLE = toy_file(6)


@dataclass
class Clip:
    """A part in memory."""

    data: bytes
    name: str = "clip.inrv"

    def open(self):
        return nullcontext(Reader(io.BytesIO(self.data)))


class PipedClip:
    """A part that is read once."""

    name = "pipe"

    def __init__(self, data: bytes) -> None:
        self.reader = Reader(Pipe(data))

    def open(self):
        return nullcontext(self.reader)


def part(*numbers: int) -> bytes:
    """Some chunks of the whole, as an encode of them alone writes them."""
    return file_of(toy_chunk(number) for number in numbers)


def joined(*files: bytes) -> bytes:
    target = io.BytesIO()
    concatenate([Clip(data) for data in files], target)
    return target.getvalue()


def chunks_of(data: bytes):
    reader = Reader(io.BytesIO(data))
    list(unpacked(reader))
    return list(reader.chunks())


@pytest.mark.parametrize("cuts", [(3,), (1, 2, 5), (1, 2, 3, 4, 5)])
def test_parts_of_one_encode_give_its_bytes(cuts):
    parts = [part(*range(a, b)) for a, b in zip((0, *cuts), (*cuts, 6), strict=True)]
    assert joined(*parts) == WHOLE


def test_parts_that_can_be_read_once_give_the_same():
    target = io.BytesIO()
    concatenate([PipedClip(part(0, 1)), Clip(part(2, 3, 4)), PipedClip(part(5))], target)
    assert target.getvalue() == WHOLE


def test_what_was_joined_can_be_joined_on():
    assert joined(part(0), joined(part(1, 2), part(3)), part(4, 5)) == WHOLE


def test_a_part_with_a_hole_in_time_before_it_is_a_part_still():
    late = toy_chunk(2)
    late = replace(late, video=replace(late.video, pts=(8, 9, 10)), audio=None, units=late.units[:1])
    whole = file_of([toy_chunk(0), toy_chunk(1), late])
    assert joined(part(0, 1), file_of([late])) == whole


def test_an_episode_starts_when_all_before_it_has_ended():
    """Pictures end at 6/25 s, sound at 760/8000 s; both of the second one move by 6 ticks, or 1920 samples."""
    chunks = chunks_of(joined(toy_file(2), toy_file(2)))
    assert [chunk.index for chunk in chunks] == [0, 1, 2, 3]
    assert [chunk.video.pts[0] for chunk in chunks] == [0, 3, 6, 9]
    assert [chunk.video.first_frame for chunk in chunks] == [0, 3, 6, 9]
    assert [chunk.audio.pts for chunk in chunks] == [0, 360, 1920, 2280]
    assert [chunk.audio.first_sample for chunk in chunks] == [0, 400, 760, 1160]
    assert [chunk.audio.overlap for chunk in chunks] == [0, 40, 0, 40]


def test_moved_chunks_keep_their_networks_and_everything_else():
    for number, chunk in enumerate(chunks_of(joined(toy_file(2), toy_file(2)))):
        before = toy_chunk(number % 2)
        video = replace(chunk.video, pts=before.video.pts, first_frame=before.video.first_frame)
        audio = replace(chunk.audio, pts=before.audio.pts, first_sample=before.audio.first_sample)
        assert (video, audio, chunk.units) == (before.video, before.audio, before.units)


@pytest.mark.parametrize(
    ("base", "rate_hz"), [(Fraction(1001, 30000), 44100), (Fraction(1, 90000), 8000), (Fraction(1, 7), 768000)]
)
def test_sound_stays_with_its_picture_to_a_tick(base, rate_hz):
    streams = {0: replace(TOY_VIDEO, time_base=base), 1: replace(TOY_AUDIO, sample_rate_hz=rate_hz)}
    clip = file_of([toy_chunk(0)], streams)
    first, second = chunks_of(joined(clip, clip))
    moved = second.video.pts[0] * base, Fraction(second.audio.pts, rate_hz)
    assert abs(moved[0] - moved[1]) < min(base, Fraction(1, rate_hz))
    assert min(moved) >= max(first.video.end_pts * base, Fraction(400, rate_hz))


def test_a_clip_that_starts_late_or_before_zero_is_moved_all_the_same():
    chunk = toy_chunk(0)
    early = replace(chunk, video=replace(chunk.video, pts=(-9, -8, -7)), audio=replace(chunk.audio, pts=-3000))
    chunks = chunks_of(joined(toy_file(1), file_of([early])))
    assert chunks[1].video.pts == (4, 5, 6)  # its sound starts 3/8 of a tick before it, and no earlier than 3
    assert chunks[1].audio.pts == 4 * 320 - 120


def test_a_part_whose_forerunner_is_missing_is_moved_and_named():
    target = io.BytesIO()
    result = concatenate([Clip(part(0, 1)), Clip(part(3, 4), "late.inrv")], target)
    assert [chunk.index for chunk in chunks_of(target.getvalue())] == [0, 1, 2, 3]
    assert chunks_of(target.getvalue())[2].audio.overlap == 0
    assert "late.inrv: starts with chunk 3" in result.warnings[0]


def test_an_overlap_that_repeats_nothing_is_sound_of_its_own():
    """The forty samples count, and what follows keeps its distance."""
    third, fourth = chunks_of(joined(part(0, 1), part(3, 4)))[2:]
    assert third.audio.first_sample == 760
    assert fourth.audio.first_sample == 760 + 400
    assert fourth.audio.pts - third.audio.pts == 360


DIFFERENT = {
    "height": {0: replace(TOY_VIDEO, height=6), 1: TOY_AUDIO},
    "time_base": {0: replace(TOY_VIDEO, time_base=Fraction(1, 24)), 1: TOY_AUDIO},
    "matrix": {0: replace(TOY_VIDEO, matrix=1), 1: TOY_AUDIO},
    "sample_rate_hz": {0: TOY_VIDEO, 1: replace(TOY_AUDIO, sample_rate_hz=8001)},
    "channels": {0: TOY_VIDEO, 1: replace(TOY_AUDIO, channels=1, layout="mono")},
    "missing": {0: TOY_VIDEO},
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_other_streams_are_refused_by_name(name):
    clips = [Clip(toy_file(1), "a.inrv"), Clip(file_of([], DIFFERENT[name]), "b.inrv")]
    target = io.BytesIO()
    with pytest.raises(InputError, match=rf"^b\.inrv: .*{name}.* in a\.inrv$"):
        concatenate(clips, target)
    assert target.getvalue() == b""


def test_another_average_rate_is_taken_and_the_first_one_kept():
    streams = [{0: replace(TOY_VIDEO, average_rate=Fraction(rate)), 1: TOY_AUDIO} for rate in (24, 25)]
    data = joined(*(file_of([toy_chunk(0)], each) for each in streams))
    assert Reader(io.BytesIO(data)).streams == streams[0]


def test_tags_are_those_that_all_have():
    tags = [{"encoder": "toy", "settings": "a", "x": "1"}, {"settings": "b", "x": "1", "encoder": "toy"}]
    data = joined(*(file_of([toy_chunk(0)], tags=each) for each in tags))
    assert Reader(io.BytesIO(data)).tags == {"encoder": "toy", "x": "1"}


def test_a_clip_without_chunks_adds_nothing():
    assert joined(file_of([]), WHOLE, file_of([])) == WHOLE


def test_a_damaged_part_is_named():
    damaged = bytearray(WHOLE)
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(InvalidDataError, match=r"^b\.inrv: CHNK box content CRC"):
        concatenate([Clip(part(0), "a.inrv"), Clip(bytes(damaged), "b.inrv")], io.BytesIO())


def test_what_no_reader_would_take_is_not_written():
    with pytest.raises(LimitError, match="3 chunks"):
        concatenate([Clip(part(0, 1)), Clip(part(2))], io.BytesIO(), limits=Limits(chunks=2))
    with pytest.raises(LimitError, match="silence"):
        concatenate([Clip(toy_file(1))] * 2, io.BytesIO(), limits=Limits(silence_samples=100))


def test_chunks_are_written_before_the_next_one_is_read():
    source = io.BytesIO(WHOLE)
    entries = Reader(io.BytesIO(WHOLE)).index.entries
    reads: list[int] = []

    class Target(io.BytesIO):
        def write(self, data: bytes) -> int:
            reads.append(source.tell())
            return super().write(data)

    clip = Clip(WHOLE)
    clip.open = lambda: nullcontext(Reader(source)) if not source.seek(0) else None
    concatenate([clip], Target())
    assert reads[4:10] == [entry.offset + entry.length for entry in entries]


def variable_chunk():
    """Frames at uneven times, of unknown quality, and sound."""
    chunk = toy_chunk(1)
    return replace(chunk, video=replace(chunk.video, pts=(3, 4, 9), psnr_db=math.nan))


@pytest.mark.parametrize("chunk", [toy_chunk(1), variable_chunk(), replace(toy_chunk(1), video=None)])
def test_shifting_changes_numbers_and_times_alone(chunk):
    chunk = chunk if chunk.video else replace(chunk, units=chunk.units[1:])
    content = build_chunk(chunk)
    after = parse_chunk(shifted(content, chunk, Shift(2, 3, -50, 5, -600)), TOY_STREAMS)
    video, audio = chunk.video, chunk.audio
    if video:
        pts = tuple(time - 50 for time in video.pts)
        video = replace(video, first_frame=video.first_frame + 3, pts=pts)
    audio = replace(audio, first_sample=audio.first_sample + 5, pts=audio.pts - 600)
    assert repr(after) == repr(replace(chunk, index=3, video=video, audio=audio))  # repr: no NaN equals another
    assert shifted(build_chunk(after), after, Shift(-2, -3, 50, -5, 600)) == content


@pytest.mark.parametrize(
    "shift",
    [
        Shift(index=-1),
        Shift(index=1 << 32),
        Shift(frames=-1),
        Shift(ticks=1 << 63),
        Shift(samples=-1),
        Shift(sound_ticks=-(1 << 62) - 1),
    ],
)
def test_shifting_out_of_range_is_refused(shift):
    with pytest.raises(InvalidDataError, match="out of range"):
        shifted(build_chunk(toy_chunk(0)), toy_chunk(0), shift)
