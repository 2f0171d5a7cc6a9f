"""Spectrograms of the original and of decoded sound, as in figures 9-8 to 9-12 of Chalise et al. 2025."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
from bokeh.palettes import Inferno256
from inrv_format.errors import InputError, InrvError
from numpy.typing import NDArray

from invr.bench.results import ClipInfo, Point
from invr.compare import open_clip
from invr.media import ReadConfig
from invr.report.choose import Places
from invr.report.pictures import color_mapped, remark
from invr.report.text import name_of, number

Sound = NDArray[np.float32]
FLOOR_DB = -100.0
WINDOW_S = 0.046
ROWS, COLUMNS, WINDOWS_PER_COLUMN = 192, 480, 4
TICKS = 5


def spectrograms(clip: ClipInfo, network: Point | None, reference: Point | None, places: Places) -> str:
    """HTML of the spectrograms of a clip; files that are absent or unreadable are named instead."""
    figures, remarks = [], []
    loudest = None
    for point in (None, network, reference):
        try:
            samples, rate = _sound(clip, point, places)
        except InrvError as error:
            remarks.append(remark(point, error))
            continue
        power = spectral_power(samples, rate, clip.duration_s, clip.sample_rate_hz / 2)
        loudest = loudest or float(power.max())
        figures.append(_figure(clip, decibels(power, loudest), _caption(point)))
    if len(figures) < 2:
        return "".join(remarks)
    bar = ", ".join(Inferno256[::32] + Inferno256[-1:])
    scale = (
        f'<p class="scale"><span>−100 dB</span><i style="background:linear-gradient(90deg,{bar})"></i>'
        "<span>0 dB, the loudest of the original</span></p>"
    )
    return f'<div class="panes">{"".join(figures)}</div>{scale}{"".join(remarks)}'


def spectral_power(samples: Sound, rate: float, duration_s: float, nyquist_hz: float) -> NDArray[np.float64]:
    """Power [ROWS, COLUMNS] of the mean of the channels, from 0 Hz below to `nyquist_hz` above and over `duration_s`.

    Each column is the mean of a few Hann windows of WINDOW_S, each row the strongest frequency in its band.
    """
    length = max(16, round(WINDOW_S * rate))
    mono = np.zeros(max(length, round(duration_s * rate)))
    count = min(len(mono), len(samples))
    mono[:count] = samples[:count].mean(axis=1)
    starts = np.linspace(0, len(mono) - length, COLUMNS * WINDOWS_PER_COLUMN).astype(int)
    window = np.hanning(length)
    edges = np.linspace(0, nyquist_hz * length / rate, ROWS + 1).astype(int)
    padded = np.zeros(max(length // 2 + 1, int(edges[-1]) + 1))
    power = np.zeros((ROWS, COLUMNS))
    for column, group in enumerate(starts.reshape(COLUMNS, WINDOWS_PER_COLUMN)):
        windows = mono[group[:, None] + np.arange(length)] * window
        padded[: length // 2 + 1] = np.mean(np.abs(np.fft.rfft(windows, axis=1)) ** 2, axis=0) / window.sum() ** 2
        power[::-1, column] = np.maximum.reduceat(padded[: edges[-1] + 1], edges[:-1])
    return power


def decibels(power: NDArray[np.float64], loudest: float) -> NDArray[np.float64]:
    """Power against `loudest` in dB, within FLOOR_DB and 0."""
    floor = 10 ** (FLOOR_DB / 10)
    return 10 * np.log10(np.clip(power / (loudest or 1.0), floor, 1.0))


def _figure(clip: ClipInfo, levels_db: NDArray[np.float64], caption: str) -> str:
    """One picture with its axes; the ticks are text, so that they stay readable at any width."""
    levels = np.round(255 * (1 - levels_db / FLOOR_DB)).astype(np.uint8)
    nyquist = clip.sample_rate_hz / 2000
    shares = [i / (TICKS - 1) for i in range(TICKS)]
    heights = "".join(f'<span style="bottom:{100 * s:.0f}%">{number(s * nyquist, 1)}</span>' for s in shares)
    times = "".join(f'<span style="left:{100 * s:.0f}%">{number(s * clip.duration_s, 1)}</span>' for s in shares)
    return (
        f'<figure class="pane spectrum"><div class="y-axis">{heights}</div>'
        f'<img src="{color_mapped(levels, Inferno256)}" alt="spectrogram, {escape(clip.name, quote=True)}">'
        f'<div class="x-axis">{times}</div><figcaption>{caption}<small>kHz over seconds</small></figcaption></figure>'
    )


def _caption(point: Point | None) -> str:
    if point is None:
        return "<b>original</b>"
    quality = number(point.metrics.get("snr_db"), 2)
    return f"<b>{name_of(point)}</b> {number(point.file_bytes)} bytes, SNR\u00a0{quality}\u00a0dB"


def _sound(clip: ClipInfo, point: Point | None, places: Places) -> tuple[Sound, float]:
    """Samples [N, C] and their rate in Hz of the source (`point` None) or of an encoded file."""
    if point is None:
        path = places.source(clip)
        if path is None:
            raise InputError(f"The source {clip.path} is not here (--media DIR says where to look for it)")
        return _samples(path)
    path = places.encoded(point)
    if path is None:
        raise InputError(f"The file of {point.codec}, {point.rate} is not beside the results")
    return _samples(path)


def _samples(path: Path) -> tuple[Sound, float]:
    with open_clip(path, read=ReadConfig(video=False)) as clip:
        for _ in clip.frames():
            pass  # there are none, but the sound is read with them
        sound = clip.sound()
        if sound is None or clip.audio is None:
            raise InputError(f"{path}: has no sound")
        return sound.values, float(clip.audio.sample_rate_hz)
