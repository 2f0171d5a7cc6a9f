"""The conformance files of `spec/vectors`: what they are made of; `tools/make_vectors` writes them."""

from vectors.vector import DAMAGED, DECODED, TOO_LARGE, UNSUPPORTED, Vector

__all__ = ["DAMAGED", "DECODED", "TOO_LARGE", "UNSUPPORTED", "Vector"]
