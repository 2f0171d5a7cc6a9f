"""Pixels: from FFmpeg's frames to full-range R, G, B (or grey) arrays and back, by the stream's own matrix."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.video.plane import VideoPlane
from inrv_format.streams import VideoStream
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

LIMITED, FULL = 1, 2
DEPTHS = (8, 9, 10, 12, 14, 16)
# CICP matrix number -> (Kr, Kb), ITU-T H.273 table 4; every other number is treated as BT.601, as swscale does.
LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
BT601_WEIGHTS = (0.299, 0.114)
SWS_BT601 = 5
# CICP matrix number -> swscale's SWS_CS_* number.
SWS_MATRICES = {1: 1, 4: 4, 7: 7, 9: 9, 10: 9}


def luma_weights(matrix: int) -> tuple[float, float]:
    """Kr and Kb of a CICP matrix number (ITU-T H.273 table 4); BT.601 for all others, as swscale does."""
    return LUMA_WEIGHTS.get(matrix, BT601_WEIGHTS)


def is_rgb(pixel_format: av.VideoFormat) -> bool:
    """Whether a pixel holds R, G and B (or a palette of them, a Bayer pattern, or X, Y, Z) rather than luma."""
    return pixel_format.is_rgb or pixel_format.has_palette or pixel_format.name.startswith(("bayer", "xyz"))


def has_alpha(pixel_format: av.VideoFormat) -> bool:
    """Whether a pixel also holds its opacity."""
    return any(component.is_alpha for component in pixel_format.components)


def depth_of(pixel_format: av.VideoFormat) -> int:
    """Bits of a component, rounded up to one that has planar formats; 16 for floating point."""
    bits = max(component.bits for component in pixel_format.components if not component.is_alpha)
    return next((depth for depth in DEPTHS if depth >= bits), 16)


def chroma_of(pixel_format: av.VideoFormat) -> str:
    """The smallest of "gray", "420", "422", "444" and "rgb" that keeps all of the format's chroma."""
    if is_rgb(pixel_format):
        return "rgb"
    if sum(not component.is_alpha for component in pixel_format.components) == 1:
        return "gray"
    across, down = 64 // pixel_format.chroma_width(64), 64 // pixel_format.chroma_height(64)
    if across == 1:
        return "444"
    return "422" if down == 1 else "420"


def is_full_range(pixel_format: av.VideoFormat, color_range: int) -> bool:
    """Whether luma spans all codes; an untagged `yuvj` or grey format does, any other untagged one does not."""
    if pixel_format.name.startswith("yuvj"):
        return True
    if color_range == LIMITED:
        return False
    return color_range == FULL or chroma_of(pixel_format) in ("gray", "rgb")


def frame_values(frame: av.VideoFrame, size: tuple[int, int] | None = None) -> Pixels:
    """The picture as a new [H, W, C] array, full range, C = 3 (R, G, B) or 1 (grey); alpha is left out.

    8-bit formats give uint8, deeper ones uint16 of 0 to 2^depth - 1. `size` is (width, height) to scale to.
    """
    bits, chroma = depth_of(frame.format), chroma_of(frame.format)
    full = is_full_range(frame.format, frame.color_range)
    if chroma == "gray":
        return _gray_values(_scaled(frame, f"gray{_suffix(bits)}", size), bits, full)
    if chroma == "rgb":
        return _read_rgb(_scaled(frame, "rgb24" if bits == 8 else f"gbrp{bits}le", size))
    matrix = SWS_MATRICES.get(frame.colorspace, SWS_BT601)
    if bits == 8 and (not full or (frame.format.name.startswith("yuvj") and matrix == SWS_BT601)):
        rgb = frame.reformat(
            width=size[0] if size else None,
            height=size[1] if size else None,
            format="rgb24",
            src_colorspace=matrix,
            interpolation="BICUBIC" if size else None,
            src_color_range=FULL if full else LIMITED,
            dst_color_range=FULL,
        )
        return _read_rgb(rgb)
    # Not by swscale: it is up to 3 codes off in 10 bits, and PyAV before 17 takes full range for limited.
    name = "yuvj444p" if frame.format.name.startswith("yuvj") else f"yuv444p{_suffix(bits)}"
    planes = _read_planes(_scaled(frame, name, size))
    return _yuv_to_rgb(planes, bits, frame.colorspace, full)


def values_frame(values: Pixels, stream: VideoStream, pix_fmt: str) -> av.VideoFrame:
    """A frame of `pix_fmt` that shows `values` ([H, W, C], full range, of the stream's bit depth).

    YUV formats use the stream's matrix (unspecified: BT.601) and range (unknown: limited); the frame has no pts.
    """
    target = av.VideoFormat(pix_fmt)
    bits, chroma = depth_of(target), chroma_of(target)
    full = stream.color_range == FULL or pix_fmt.startswith("yuvj")
    if chroma == "gray":
        gray: NDArray[Any] = values
        if values.shape[-1] == 3:
            gray = _rgb_to_yuv(values, stream.bit_depth, stream.bit_depth, stream.matrix, True)[..., :1]
        gray = _rescale(gray, stream.bit_depth, bits)
        if stream.color_range == LIMITED:
            gray = _limit_gray(gray, bits)
        return _from_planes(gray, f"gray{_suffix(bits)}").reformat(format=pix_fmt)
    colours = np.broadcast_to(values, (*values.shape[:2], 3))
    if chroma == "rgb":
        rgb = _rescale(colours, stream.bit_depth, bits)
        return _from_rgb(rgb, bits).reformat(format=pix_fmt)
    planes = _rgb_to_yuv(colours, stream.bit_depth, bits, stream.matrix, full)
    # The source's name says the same of the range as the target's, so that swscale leaves the codes alone.
    name = "yuvj444p" if pix_fmt.startswith("yuvj") else f"yuv444p{_suffix(bits)}"
    frame = _from_planes(planes, name).reformat(format=pix_fmt, interpolation="BICUBIC")
    frame.color_range = FULL if full else LIMITED
    return frame


def _suffix(bits: int) -> str:
    return "" if bits == 8 else f"{bits}le"


def _code_type(bits: int) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if bits == 8 else np.uint16


def _codes(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """Real numbers rounded to codes of that many bits."""
    codes: NDArray[Any] = np.rint(np.clip(values, 0, (1 << bits) - 1)).astype(_code_type(bits))
    return codes


def _scaled(frame: av.VideoFrame, pix_fmt: str, size: tuple[int, int] | None) -> av.VideoFrame:
    width, height = size or (frame.width, frame.height)
    return frame.reformat(width=width, height=height, format=pix_fmt, interpolation="BICUBIC")


def _plane(plane: VideoPlane, dtype: type[np.unsignedinteger[Any]], channels: int = 1) -> NDArray[Any]:
    """A view [H, W * channels] of a plane, without the padding at the end of its lines."""
    lines: NDArray[Any] = np.frombuffer(memoryview(plane), dtype)
    lines = lines.reshape(plane.height, plane.line_size // np.dtype(dtype).itemsize)
    return lines[:, : plane.width * channels]


def _read_planes(frame: av.VideoFrame) -> NDArray[Any]:
    """The planes in storage order as [H, W, planes]; all must have the picture's size."""
    dtype = np.uint8 if depth_of(frame.format) == 8 else np.uint16
    return np.stack([_plane(plane, dtype) for plane in frame.planes], axis=-1)


def _read_rgb(frame: av.VideoFrame) -> NDArray[Any]:
    if frame.format.name == "rgb24":
        packed = _plane(frame.planes[0], np.uint8, 3)
        return packed.reshape(frame.height, frame.width, 3).copy()
    return np.ascontiguousarray(_read_planes(frame)[..., [2, 0, 1]])  # G, B, R -> R, G, B


def _gray_values(frame: av.VideoFrame, bits: int, full: bool) -> NDArray[Any]:
    gray = _read_planes(frame)
    if full:
        return gray
    step = 1 << (bits - 8)
    top = (1 << bits) - 1
    scaled = (gray.astype(np.float32) - 16 * step) * (top / (219 * step))
    return _codes(scaled, bits)


def _limit_gray(gray: NDArray[Any], bits: int) -> NDArray[Any]:
    step = 1 << (bits - 8)
    scaled = gray.astype(np.float32) * (219 * step / ((1 << bits) - 1)) + 16 * step
    return _codes(scaled, bits)


def _yuv_to_rgb(planes: NDArray[Any], bits: int, matrix: int, full: bool) -> NDArray[Any]:
    """ITU-T H.273 (8.3), equations 26 to 43 solved for R, G and B."""
    kr, kb = luma_weights(matrix)
    step, top = 1 << (bits - 8), (1 << bits) - 1
    black, luma, chroma = (0, top, top) if full else (16 * step, 219 * step, 224 * step)
    yuv = planes.astype(np.float32)
    y = (yuv[..., 0] - black) * (top / luma)
    u = (yuv[..., 1] - 128 * step) * (top / chroma)
    v = (yuv[..., 2] - 128 * step) * (top / chroma)
    red = y + 2 * (1 - kr) * v
    blue = y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return _codes(np.stack([red, green, blue], axis=-1), bits)


def _rgb_to_yuv(values: NDArray[Any], bits_in: int, bits: int, matrix: int, full: bool) -> NDArray[Any]:
    """ITU-T H.273 (8.3), equations 26 to 43."""
    kr, kb = luma_weights(matrix)
    step, top = 1 << (bits - 8), (1 << bits) - 1
    black, luma, chroma = (0, top, top) if full else (16 * step, 219 * step, 224 * step)
    rgb = values.astype(np.float32) / ((1 << bits_in) - 1)
    red, blue = rgb[..., 0], rgb[..., 2]
    y = kr * red + (1 - kr - kb) * rgb[..., 1] + kb * blue
    u = (blue - y) / (2 * (1 - kb))
    v = (red - y) / (2 * (1 - kr))
    yuv = [y * luma + black, u * chroma + 128 * step, v * chroma + 128 * step]
    return _codes(np.stack(yuv, axis=-1), bits)


def _rescale(values: NDArray[Any], bits_in: int, bits: int) -> NDArray[Any]:
    if bits_in == bits:
        return values
    scaled = values.astype(np.float32) * (((1 << bits) - 1) / ((1 << bits_in) - 1))
    return _codes(scaled, bits)


def _from_rgb(rgb: NDArray[Any], bits: int) -> av.VideoFrame:
    if bits == 8:
        frame = av.VideoFrame(rgb.shape[1], rgb.shape[0], "rgb24")
        _plane(frame.planes[0], np.uint8, 3)[:] = rgb.reshape(rgb.shape[0], -1)
        return frame
    return _from_planes(rgb[..., [1, 2, 0]], f"gbrp{bits}le")


def _from_planes(planes: NDArray[Any], pix_fmt: str) -> av.VideoFrame:
    frame = av.VideoFrame(planes.shape[1], planes.shape[0], pix_fmt)
    dtype = np.uint8 if planes.dtype == np.uint8 else np.uint16
    for index, plane in enumerate(frame.planes):
        _plane(plane, dtype)[:] = planes[..., index]
    return frame
