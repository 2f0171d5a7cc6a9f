"""Colour conversion against the equations of ITU-T H.273."""

from fractions import Fraction

import av
import numpy as np
import pytest
from inrv_format.streams import VideoStream

from invr.media.colour import chroma_of, depth_of, frame_values, values_frame

WEIGHTS = {1: (0.2126, 0.0722), 2: (0.299, 0.114), 9: (0.2627, 0.0593)}
YUV = [(81, 90, 200), (145, 54, 34), (180, 100, 150), (110, 128, 128)]
CASES = [
    ("yuv420p", 2, 0), ("yuv420p", 1, 1), ("yuvj420p", 2, 2), ("yuv420p", 1, 2), ("yuv444p", 1, 1),
    ("yuv420p10le", 9, 1), ("yuv420p10le", 1, 2), ("yuv422p10le", 2, 0), ("yuv444p12le", 9, 1),
]  # fmt: skip


def textbook(yuv, matrix, full, bits):
    kr, kb = WEIGHTS[matrix]
    step, top = 1 << (bits - 8), (1 << bits) - 1
    black, luma, chroma = (0, top, top) if full else (16 * step, 219 * step, 224 * step)
    y, u, v = (yuv[0] - black) / luma, (yuv[1] - 128 * step) / chroma, (yuv[2] - 128 * step) / chroma
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    return np.clip([red, (y - kr * red - kb * blue) / (1 - kr - kb), blue], 0, 1) * top


def flat(pix_fmt, yuv, matrix, color_range, width=63, height=47):
    frame = av.VideoFrame(width, height, pix_fmt)
    for plane, code in zip(frame.planes, yuv, strict=True):
        dtype = np.uint8 if depth_of(frame.format) == 8 else np.uint16
        np.frombuffer(plane, dtype)[:] = code
    frame.colorspace, frame.color_range = matrix, color_range
    return frame


@pytest.mark.parametrize("width", [63, 64])
@pytest.mark.parametrize(("pix_fmt", "matrix", "color_range"), CASES)
def test_flat_colours_match_the_equations(pix_fmt, matrix, color_range, width):
    bits = depth_of(av.VideoFormat(pix_fmt))
    tolerance = 3 if bits == 8 else 0.51  # swscale's table for 8 bits is coarse
    for yuv in YUV:
        codes = [code << (bits - 8) for code in yuv]
        values = frame_values(flat(pix_fmt, codes, matrix, color_range, width))
        assert values.shape == (47, width, 3)
        assert np.abs(values - textbook(codes, matrix, color_range == 2, bits)).max() <= tolerance


@pytest.mark.parametrize(("pix_fmt", "matrix", "color_range"), CASES)
def test_writing_is_the_inverse_of_reading(pix_fmt, matrix, color_range):
    bits = depth_of(av.VideoFormat(pix_fmt))
    stream = VideoStream(63, 47, Fraction(1), bit_depth=bits, matrix=matrix, color_range=color_range)
    values = frame_values(flat(pix_fmt, [code << (bits - 8) for code in YUV[2]], matrix, color_range))
    again = values_frame(values, stream, pix_fmt)
    again.colorspace, again.color_range = matrix, color_range
    assert np.abs(frame_values(again).astype(int) - values).max() <= 2


def test_untagged_8_bit_equals_pyav():
    frame = av.VideoFrame(66, 48, "yuv420p")
    for index, plane in enumerate(frame.planes):
        codes = np.random.default_rng(index).integers(16, 236, plane.buffer_size)
        np.frombuffer(plane, np.uint8)[:] = codes
    assert np.array_equal(frame_values(frame), frame.to_ndarray(format="rgb24"))


@pytest.mark.parametrize(("limited", "full"), [(16, 0), (235, 255)])
def test_limited_gray_is_expanded(limited, full):
    values = frame_values(flat("gray", [limited], 2, 1))
    assert values.shape == (47, 63, 1)
    assert np.all(values == full)


@pytest.mark.parametrize("pix_fmt", ["rgb24", "bgr0", "gbrp10le", "rgb48be"])
def test_rgb_formats_round_trip_exactly(pix_fmt):
    bits = depth_of(av.VideoFormat(pix_fmt))
    stream = VideoStream(7, 5, Fraction(1), chroma="rgb", bit_depth=bits)
    values = np.random.default_rng(1).integers(0, 1 << bits, (5, 7, 3)).astype(np.uint8 if bits == 8 else np.uint16)
    assert np.array_equal(frame_values(values_frame(values, stream, pix_fmt)), values)


@pytest.mark.parametrize(
    ("pix_fmt", "chroma", "bits"),
    [("yuv420p", "420", 8), ("yuv411p", "422", 8), ("yuv410p", "420", 8), ("yuv440p", "444", 8), ("nv12", "420", 8),
     ("p010le", "420", 10), ("gray16be", "gray", 16), ("ya8", "gray", 8), ("pal8", "rgb", 8), ("gbrp10le", "rgb", 10),
     ("rgba64le", "rgb", 16), ("monow", "gray", 8), ("rgb565le", "rgb", 8)],
)  # fmt: skip
def test_formats_are_described(pix_fmt, chroma, bits):
    pixel_format = av.VideoFormat(pix_fmt)
    assert (chroma_of(pixel_format), depth_of(pixel_format)) == (chroma, bits)
    assert frame_values(av.VideoFrame(16, 16, pix_fmt)).shape[:2] == (16, 16)


def test_resizing_is_exact_in_size():
    assert frame_values(flat("yuv420p10le", (500, 500, 500), 1, 1), (33, 21)).shape == (21, 33, 3)
    assert frame_values(flat("yuv420p", (90, 90, 90), 1, 1), (33, 21)).shape == (21, 33, 3)
