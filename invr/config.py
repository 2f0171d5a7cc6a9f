"""The encoder's and decoder's settings: one frozen dataclass for each stage, nested once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from inrv_format.chunk import TileGrid
from inrv_format.errors import InputError, OptionError
from inrv_format.families.siren import AFFINE, GRID, STILL
from inrv_format.limits import DEFAULT_LIMITS, Limits

from invr.crop import Crop

CODERS = ("rans", "lzma2", "zstd")
DEVICES = ("cpu", "cuda", "auto")
MOTIONS = {"still": STILL, "affine": AFFINE, "grid": GRID}
EMBEDDINGS = ("gabor", "waves", "power", "gaussian", "none")
AUDIOS = ("inr", "opus", "flac", "copy")
SOUNDS = ("lapped", "siren")
SAMPLINGS = ("scattered", "frame")
OPTIMIZERS = ("muon", "adam")
PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("cosine", "constant", "drop")


# What a bit costs at quality 50: squared error of values in [-1, 1] for each bit per pixel (docs/research/rate.md).
REFERENCE_LMBDA = 0.03


def require_option(condition: bool, option: str, value: object, allowed: str) -> None:
    """OptionError naming the option, the value and what is allowed, unless `condition` holds."""
    if not condition:
        raise OptionError(f"{option} {value}: allowed are {allowed}")


def require_of_input(condition: bool, option: str, value: object, allowed: str) -> None:
    """The same as InputError, where it is this input that does not allow the value."""
    if not condition:
        raise InputError(f"{option} {value}: allowed are {allowed}")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which networks are fitted, and how large.

    A picture network's size follows from the picture and the price of a bit (`invr/fit/demand.py`), unless
    `weights_per_sample` sets it from pixels x frames of its chunk. `sound` is lapped, or siren, whose size follows
    from samples x channels and that price, unless `sound_weights_per_sample` sets it; `picture_shape` and
    `sound_shape` (width, hidden layers after the first) fix them instead, `siamese_shape` (first, second, the heads')
    that of a sound with heads of their own. `embedding_base` is sigma of the power
    embedding, None for the grid's own. `unified` fits one `av-siren` where there are both; `av_shape` (branch, width,
    depth) fixes its size.
    """

    embedding: str = "gabor"
    relu: bool = False
    motion: str = "grid"
    weights_per_sample: float | None = None
    sound: str = "lapped"
    sound_weights_per_sample: float | None = None
    picture_shape: tuple[int, int] | None = None
    sound_shape: tuple[int, int] | None = None
    siamese_shape: tuple[int, int, int] | None = None
    embedding_base: float | None = None
    sound_octaves: int = 0
    unified: bool = False
    av_shape: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        require_option(self.embedding in EMBEDDINGS, "embedding", self.embedding, ", ".join(EMBEDDINGS))
        require_option(self.motion in MOTIONS, "motion", self.motion, ", ".join(MOTIONS))
        require_option(self.sound in SOUNDS, "sound", self.sound, ", ".join(SOUNDS))
        sized = self.sound_shape or self.siamese_shape or self.sound_octaves
        require_option(self.sound == "siren" or not sized, "sound", "lapped of a given size", "siren")
        density = self.weights_per_sample
        require_option(density is None or 0 < density <= 4, "weights per sample", density, "0 to 4")


def _unified(shape: tuple[int, int, int]) -> ModelConfig:
    """A unified network of (branch, width, depth); one medium alone gets a SIREN of its shared and head layers."""
    _, width, depth = shape
    alone = (width, depth + 1)
    return ModelConfig(
        "none",
        motion="still",
        picture_shape=alone,
        sound="siren",
        sound_shape=alone,
        sound_octaves=11,
        unified=True,
        av_shape=shape,
    )


def _siamese(*shape: int) -> ModelConfig:
    """A sound network of Mahdi 2025, table 4.6."""
    first, second, head = shape
    return ModelConfig(sound="siren", sound_octaves=11, siamese_shape=(first, second, head))


MODELS: dict[str, ModelConfig] = {
    "auto": ModelConfig(),
    "siren": ModelConfig(),
    "siren-affine": ModelConfig(motion="affine"),
    "siren-still": ModelConfig(motion="still"),
    "siren-waves": ModelConfig(embedding="waves"),
    "siren-power": ModelConfig(embedding="power", motion="still", sound="siren", sound_octaves=11),
    "siren-gaussian": ModelConfig(embedding="gaussian", motion="still", sound="siren", sound_octaves=11),
    "relu": ModelConfig(embedding="power", relu=True, motion="still"),
    "invr": ModelConfig(embedding="power", motion="still", picture_shape=(128, 3), embedding_base=1.4),
    "audio-siren": ModelConfig(sound="siren"),
    "siamese-128-128-64": _siamese(128, 128, 64),
    "siamese-128-64-64": _siamese(128, 64, 64),
    "av-siren": ModelConfig(unified=True, sound="siren"),
    "av-student": _unified((300, 512, 3)),
    "av-teacher": _unified((512, 512, 5)),
}


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How a network is fitted.

    `steps` of `rows` x `columns` points, or of `samples`; with `sampling` frame, of all points of one frame. Rates of
    Muon (hidden matrices) and of Adam (first layer of picture and of sound, motion, everything else); with
    `optimizer` adam, Adam takes the matrices too, at `adam_rate`. `schedule` says how the rates fall, drop being to a
    tenth after a sixth of the steps. `l1` weighs the sum of absolute weights (INVR eq. 5); `picture_weight` and
    `sound_weight` are the lambdas of Chalise et al. 2025, eq. 6-3; the state is checked `checks` times and the best
    one kept.

    With `lmbda` over 0 the fit minimises error + lmbda x bits per point, values in [-1, 1], over weights and
    quantization steps (`docs/research/rate.md`): exact weights first, from `noise_from` of the steps on with uniform
    noise, from `round_from` on rounded; `step_rate` is Adam's for steps and spreads.

    `batch` networks at most are fitted at once; 0 is one on a CPU and as many as a GPU's memory holds. `precision`
    bfloat16 is that of the factors in the products of hidden layers (invr/fields/half.py). `graphs` records the steps
    of a batch on a GPU and repeats them.

    With `limit_s` seconds for all networks of a chunk, their evaluation included, fits take fewer steps where they
    must; the result then depends on the machine's speed.
    """

    steps: int = 5000
    limit_s: float | None = None
    rows: int = 128
    columns: int = 64
    samples: int = 8192
    muon_rate: float = 2e-3
    adam_rate: float = 1e-3
    first_rate: float = 8e-3
    sound_first_rate: float = 2e-2
    motion_rate: float = 1e-3
    l1: float = 1e-6
    picture_weight: float = 1.0
    sound_weight: float = 1.0
    checks: int = 20
    sampling: str = "scattered"
    optimizer: str = "muon"
    schedule: str = "cosine"
    lmbda: float = 0.0
    noise_from: float = 0.35
    round_from: float = 0.75
    step_rate: float = 2e-2
    batch: int = 0
    precision: str = "float32"
    graphs: bool = True

    def __post_init__(self) -> None:
        require_option(self.sampling in SAMPLINGS, "sampling", self.sampling, ", ".join(SAMPLINGS))
        require_option(self.optimizer in OPTIMIZERS, "optimizer", self.optimizer, ", ".join(OPTIMIZERS))
        require_option(self.schedule in SCHEDULES, "schedule", self.schedule, ", ".join(SCHEDULES))
        require_option(0 <= self.batch <= 65536, "--batch", self.batch, "0 (automatic) to 65536")
        require_option(self.precision in PRECISIONS, "precision", self.precision, ", ".join(PRECISIONS))
        require_option(0 <= self.lmbda <= 1, "lambda", self.lmbda, "0 to 1")
        require_option(
            0 <= self.noise_from <= self.round_from < 1,
            "phases",
            (self.noise_from, self.round_from),
            "0 to 1, rising",
        )
        require_option(1 <= self.steps <= 10_000_000, "steps", self.steps, "1 to 10000000")
        require_option(self.limit_s is None or self.limit_s > 0, "time limit", self.limit_s, "more than 0")


@dataclass(frozen=True, slots=True)
class TeacherConfig:
    """A larger network that is fitted first, from which the one that is written is distilled.

    `alpha` is the share of the error against the source, the rest being that against the teacher (Chalise et al.
    2025, eq. 6-4). They do not state theirs; half is ours.
    """

    model: ModelConfig
    fit: FitConfig = field(default_factory=FitConfig)
    alpha: float = 0.5

    def __post_init__(self) -> None:
        require_option(0 <= self.alpha <= 1, "alpha", self.alpha, "0 to 1")


@dataclass(frozen=True, slots=True)
class QuantConfig:
    """Bit width of the weights, 1 to 16, and whether their range is symmetric around zero.

    With `keep_phases`, tensors that hold frequencies and phases get the bits that their phases need, if more.
    `finetune_steps` is how long the integers are fitted after that, at fixed scales.
    """

    bits: int = 16
    symmetric: bool = True
    keep_phases: bool = True
    finetune_steps: int = 0

    def __post_init__(self) -> None:
        require_option(1 <= self.bits <= 16, "bits", self.bits, "1 to 16")
        require_option(0 <= self.finetune_steps <= 10_000_000, "finetune steps", self.finetune_steps, "0 to 10000000")


@dataclass(frozen=True, slots=True)
class Goal:
    """What an encode has to reach: PSNR of the picture in dB (mean over frames), bytes of the file, or bits a second.

    One of these at most; qualities, and with them networks and prices of bits, follow. `time_s` seconds for the whole
    encode go alone or with one of them. What counts as reached is in `invr/goals/outcome.py`.
    """

    psnr_db: float | None = None
    size_bytes: int | None = None
    bits_per_s: float | None = None
    time_s: float | None = None

    def __post_init__(self) -> None:
        targets = {"--target-psnr": self.psnr_db, "--target-size": self.size_bytes, "--bitrate": self.bits_per_s}
        given = [name for name, value in targets.items() if value is not None]
        require_option(
            len(given) <= 1, given[0] if given else "", f"with {given[-1]}" if given else "", "one of them"
        )
        for name, value in {**targets, "--time-budget": self.time_s}.items():
            require_option(value is None or 0 < value < math.inf, name, value, "more than 0")

    @property
    def steers(self) -> bool:
        """Whether qualities follow from it."""
        return (self.psnr_db, self.size_bytes, self.bits_per_s) != (None, None, None)


@dataclass(frozen=True, slots=True)
class EncodeConfig:
    """Everything that decides the bytes of a file, with the media left out.

    `audio` inr fits a network to the sound; opus and flac put packets of an ordinary codec in its place, opus at bits
    a second that follow the price of a bit, and copy the source's own packets. Chunks have `chunk_frames` frames,
    across cuts too; 0 starts them at cuts and goes by motion (invr/media). `tiles` None cuts pictures that ask for
    more weights than one network should have. A `goal` of PSNR, size or bitrate takes the place of `fit.lmbda`.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    quant: QuantConfig = field(default_factory=QuantConfig)
    teacher: TeacherConfig | None = None
    coder: str = "rans"
    audio: str = "inr"
    chunk_frames: int = 0
    tiles: TileGrid | None = None
    seed: int = 0
    device: str = "cpu"
    threads: int = 0
    verify: bool = False
    tags: bool = True
    goal: Goal = field(default_factory=Goal)

    def __post_init__(self) -> None:
        require_option(self.coder in CODERS, "coder", self.coder, ", ".join(CODERS))
        require_option(self.audio in AUDIOS, "--audio", self.audio, ", ".join(AUDIOS))
        require_option(0 <= self.chunk_frames <= 65536, "chunk frames", self.chunk_frames, "0 (automatic) to 65536")
        require_option(self.device in DEVICES, "device", self.device, ", ".join(DEVICES))
        require_option(0 <= self.seed < 1 << 63, "seed", self.seed, "0 to 2^63 - 1")
        require_option(0 <= self.threads <= 1024, "threads", self.threads, "0 (automatic) to 1024")
        taught_unified = self.teacher is not None and self.teacher.model.unified
        unified = self.model.unified or taught_unified
        require_option(
            not (unified and self.tiles not in (None, TileGrid())), "tiles", "with a unified network", "1x1"
        )
        taught = not self.model.unified or self.teacher is None or taught_unified
        require_option(taught, "teacher", "of a unified network", "unified networks")
        fitted_once = self.teacher is None and not self.quant.finetune_steps
        require_option(
            fitted_once or self.goal == Goal(), "a goal", "with a teacher or with fine-tuning", "other presets"
        )


@dataclass(frozen=True, slots=True)
class WorkConfig:
    """How an encode is carried out, which decides nothing of its bytes.

    `workers` is a number of processes, auto (one for each thread), ray, or ray://HOST:PORT. With `resume`, chunks
    that an earlier start had finished are taken from the journal beside the output. `chunks` are the first one and,
    unless None, the one after the last of a part of the whole.
    """

    workers: str = "1"
    resume: bool = True
    chunks: tuple[int, int | None] | None = None

    def __post_init__(self) -> None:
        if self.chunks is not None:
            first, end = self.chunks
            require_option(first >= 0 and (end is None or end > first), "--chunks", self.chunks, "FIRST:END, rising")


@dataclass(frozen=True, slots=True)
class DecodeConfig:
    """What is asked of a file: its own grid unless `size` (width, height), `scale` or `fps` say otherwise.

    `crop` is a part of the picture as it would be written without it: upright, at that grid. Single pictures, without
    sound, are asked for by `at_s`, rising times that may lie between two frames, or by `stills`: so many frames,
    evenly spaced in time, as far as there are as many. `denoise` None follows what the encoder measured for each
    chunk; `sample_rate_hz` 0 keeps the sound's own. Times are in seconds from the file's start.
    `salvage` passes over what is damaged instead of stopping there. `batch` frames are evaluated at once, 0 as many
    as suit the device; `bitexact` gives the same bits whatever `batch` and `threads` are, on a CPU.
    """

    size: tuple[int, int] | None = None
    scale: float = 1.0
    crop: Crop | None = None
    fps: Fraction | None = None
    start_s: float = 0.0
    duration_s: float | None = None
    frames: int | None = None
    at_s: tuple[float, ...] = ()
    stills: int = 0
    denoise: bool | None = None
    sample_rate_hz: int = 0
    salvage: bool = False
    device: str = "cpu"
    threads: int = 0
    batch: int = 0
    bitexact: bool = False
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        require_option(0 < self.scale <= 64, "scale", self.scale, "0 to 64")
        require_option(self.fps is None or 0 < self.fps <= 10_000, "fps", self.fps, "0 to 10000")
        rate_hz = self.sample_rate_hz
        require_option(rate_hz == 0 or 1000 <= rate_hz <= 768_000, "-ar", rate_hz, "1000 to 768000")
        require_option(self.device in DEVICES, "device", self.device, ", ".join(DEVICES))
        require_option(not self.bitexact or self.device != "cuda", "--bitexact", "with a GPU", "--device cpu")
        require_option(self.batch >= 0, "--batch", self.batch, "0 and more")
        require_option(0 <= self.start_s < math.inf, "-ss", self.start_s, "0 and more")
        length = self.duration_s
        require_option(length is None or 0 < length < math.inf, "-t", length, "more than 0")
        require_option(self.frames is None or self.frames > 0, "-frames", self.frames, "1 and more")
        crop, at_s = self.crop, self.at_s
        placed = crop is None or (min(crop.x, crop.y) >= 0 and min(crop.width, crop.height) > 0)
        require_option(placed, "--crop", crop, "x and y of 0 and more, width and height of 1 and more")
        rising = all(0 <= before < after for before, after in pairwise((*at_s, math.inf)))
        require_option(rising, "--at", at_s, "rising times of 0 and more")
        spanned = (self.start_s, length, self.frames, self.fps) != (0.0, None, None, None)
        require_option(not (self.single and spanned), "single pictures", "with a span or a rate", "one of the two")
        require_option(self.stills == 0 or (self.stills > 0 and not at_s), "stills", self.stills, "0 and more, alone")
        if self.size is not None:
            largest = self.limits.width
            require_option(
                min(self.size) > 0 and max(self.size) <= largest, "-s", self.size, f"1 to {largest} a side"
            )

    @property
    def single(self) -> bool:
        """Whether single pictures are asked for."""
        return bool(self.at_s or self.stills)
