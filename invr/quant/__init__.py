"""Weights to integers and back."""

from invr.quant.linear import dequantize, quantize, quantize_tensor
from invr.quant.order import order_units

__all__ = ["dequantize", "order_units", "quantize", "quantize_tensor"]
