"""Goals: an encode that reaches a PSNR, a size, a bitrate or an end in time, and says whether it did."""

from invr.goals.course import Course
from invr.goals.outcome import Outcome

__all__ = ["Course", "Outcome"]
