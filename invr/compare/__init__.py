"""`compare`: how near one file is to another, in the field's own measures."""

from invr.compare.clips import Clip, Sound, open_clip
from invr.compare.compare import CompareConfig, Comparison, SoundComparison, VideoComparison, compare

__all__ = [
    "Clip",
    "CompareConfig",
    "Comparison",
    "Sound",
    "SoundComparison",
    "VideoComparison",
    "compare",
    "open_clip",
]
