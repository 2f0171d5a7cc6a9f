"""Weights to integers and back."""

from invr.quant.linear import dequantize, quantize, quantize_tensor

__all__ = ["dequantize", "quantize", "quantize_tensor"]
