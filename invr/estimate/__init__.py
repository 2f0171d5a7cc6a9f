"""What an encode would come to, from a short look at the source."""

from invr.estimate.estimate import Estimate, estimate

__all__ = ["Estimate", "estimate"]
