"""Safetensors files: what their headers say, whether they are whole, whether weights are finite."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

HEADER_LIMIT = 100_000_000  # bytes; the format's own limit
BITS = {"BOOL": 8, "BF16": 16}  # others end in their bits, as F32 and I64 do, or are left alone
# One number each, little-endian; for BF16 its bits: a sign, eight of exponent, seven of fraction.
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
BF16_EXPONENT = 0x7F80
AT_ONCE = 2**24  # bytes


def damage(file: BinaryIO, size: int) -> str:
    """Return what is wrong with a safetensors file; "" where its lengths agree.

    A file is 8 bytes with the length of the header, the header in JSON, then the tensors without a
    gap, each where the header says.

    Args:
        file: At its beginning.
        size: Its length in bytes.
    """
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(HEADER_LIMIT, size - 8):
        return f"{size:,} bytes are too few for its header"
    try:
        tensors = json.loads(file.read(length))
        tensors = {name: tensor for name, tensor in tensors.items() if name != "__metadata__"}
        end = _end_of_tensors(tensors)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        return f"its header is damaged ({error})"
    expected = 8 + length + end
    return "" if size == expected else f"{size:,} bytes; its header promises {expected:,}"


def _end_of_tensors(tensors: dict[str, Any]) -> int:
    """Return where the last tensor ends, in bytes after the header."""
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1]["data_offsets"]):
        start, stop = tensor["data_offsets"]
        kind, shape = tensor["dtype"], tensor["shape"]
        digits = kind[1:] if kind[1:].isdigit() else "0"
        bits = BITS.get(kind, int(digits))
        if start != end or (bits and 8 * (stop - start) != bits * prod(shape)):
            raise ValueError(f"tensor {name!r}: {kind} of shape {shape} at {start}…{stop}")
        end = stop
    return end


def tensors(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return name to dtype and shape of every tensor of a whole file."""
    return {
        name: (tensor["dtype"], tuple(tensor["shape"])) for name, tensor in _header(path)[0].items()
    }


def not_finite(path: Path) -> str:
    """Return the first tensor of a whole file with a number that is NaN or infinite; "" if none.

    The file is read once, 16 MiB at a time.
    """
    header, begin = _header(path)
    with path.open("rb") as file:
        for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            if tensor["dtype"] not in FLOATS:
                continue
            start, stop = tensor["data_offsets"]
            file.seek(begin + start)
            for place in range(start, stop, AT_ONCE):
                block = file.read(min(AT_ONCE, stop - place))
                if not _all_finite(np.frombuffer(block, FLOATS[tensor["dtype"]])):
                    return name
    return ""


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the header without metadata, and where the tensors begin."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    return {name: tensor for name, tensor in header.items() if name != "__metadata__"}, 8 + length


def _all_finite(numbers: np.ndarray) -> bool:
    if numbers.dtype == np.uint16:
        return bool(((numbers & BF16_EXPONENT) != BF16_EXPONENT).all())
    return bool(np.isfinite(numbers).all())
