"""Is a safetensors file whole? Told by its header and its length, without reading a weight."""

from __future__ import annotations

import json
from math import prod
from typing import Any, BinaryIO

HEADER_LIMIT = 100_000_000  # the format's own
BITS = {"BOOL": 8, "BF16": 16}  # others end in their bits, as F32 and I64 do, or are left alone


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
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"its header is damaged ({error})"
    expected = 8 + length + end
    return "" if size == expected else f"{size:,} bytes; its header promises {expected:,}"


def _end_of_tensors(tensors: dict[str, Any]) -> int:
    """Where the last tensor ends, in bytes after the header."""
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
