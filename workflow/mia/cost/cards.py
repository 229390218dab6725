"""Peak arithmetic of GPUs, as their makers state it: the one table to add a GPU to.

All numbers are TFLOP/s, dense (without sparsity), accumulated in float32, of the fastest form of
the GPU (SXM before PCIe). `float32` is that of the plain cores: torch uses TF32 for convolutions
only, so float32 may be faster than this.
"""

from __future__ import annotations

SHARE = 0.3  # of the peak that a model is taken to reach

# GPU to the peak of each `measure.dtype`. Turing and Volta multiply no bfloat16.
CARDS = {
    # NVIDIA V100 data sheet (2020), SXM2.
    "v100": {"float32": 15.7, "float16": 125.0},
    # NVIDIA T4 data sheet (2019).
    "t4": {"float32": 8.1, "float16": 65.0},
    # NVIDIA A10 data sheet (2021).
    "a10": {"float32": 31.2, "float16": 125.0, "bfloat16": 125.0},
    # NVIDIA A40 data sheet (2022).
    "a40": {"float32": 37.4, "float16": 149.7, "bfloat16": 149.7},
    # NVIDIA A100 data sheet (2021); the 40 and 80 GB forms are alike.
    "a100": {"float32": 19.5, "float16": 312.0, "bfloat16": 312.0},
    # NVIDIA L4 data sheet (2023): it states twice these for tensor cores, with sparsity.
    "l4": {"float32": 30.3, "float16": 121.0, "bfloat16": 121.0},
    # NVIDIA L40S data sheet (2023).
    "l40s": {"float32": 91.6, "float16": 362.0, "bfloat16": 362.0},
    # NVIDIA H100 data sheet (2023), SXM: half of the 1,979 that it states with sparsity.
    "h100": {"float32": 67.0, "float16": 989.5, "bfloat16": 989.5},
    # NVIDIA H200 data sheet (2024), SXM: as the H100, with more memory.
    "h200": {"float32": 67.0, "float16": 989.5, "bfloat16": 989.5},
    # NVIDIA Ampere GA102 whitepaper (2021), appendix A.
    "rtx3090": {"float32": 35.6, "float16": 71.0, "bfloat16": 71.0},
    # NVIDIA Ada whitepaper (2022), appendix A.
    "rtx4090": {"float32": 82.6, "float16": 165.2, "bfloat16": 165.2},
}


def peak(card: str, dtype: str) -> float | None:
    """Return the peak of a GPU in FLOP/s; None where it does not multiply numbers of that type.

    >>> peak("t4", "float16"), peak("t4", "bfloat16")
    (65000000000000.0, None)
    """
    found = CARDS[card].get(dtype)
    return None if found is None else found * 1e12
