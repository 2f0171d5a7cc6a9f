"""Units of a layer in the order, and with the signs, that cost the fewest bits: the function stays the same."""

from __future__ import annotations

import torch

from invr.fields.base import Field


@torch.no_grad()
def order_units(field: Field) -> None:
    """Sort the units of every layer by their biases, in place, after the signs of odd units have made these positive.

    n units can stand in n! orders and, where they are odd, have 2^n signs, all of one function (Sussmann 1992): a
    payload that need not tell these apart is log2(n!) + n bits smaller (`spec/inrv.md` 6.4). Sums over units are
    rounded in another order.
    """
    for layer in field.layers():
        weight, bias = field[f"{layer.name}.weight"], field[f"{layer.name}.bias"]
        columns = [field[name][:, first : first + len(bias)] for name, first in layer.readers]
        if field.odd:
            negative = bias < 0
            for tensor in (weight, bias):
                tensor[negative] *= -1
            for tensor in columns:
                tensor[:, negative] *= -1
        order = torch.argsort(bias, stable=True)
        for tensor in (weight, bias, *(field[name] for name in layer.unsigned)):
            tensor.copy_(tensor[order])
        for tensor in columns:
            tensor.copy_(tensor[:, order])
