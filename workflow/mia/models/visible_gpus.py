"""Whether a torch job started on this machine would see a CUDA GPU, found without importing torch.

The process that plans asks before anything is downloaded. Importing torch would cost it seconds;
the driver's own library takes some milliseconds and goes by `CUDA_VISIBLE_DEVICES` as torch does.
"""

from __future__ import annotations

import ctypes
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DRIVER = "libcuda.so.1"
AMD = Path("/dev/kfd")  # torch's ROCm build calls its devices cuda too; only torch can count them


def why_no_gpu() -> str | None:
    """Return why no torch job here would see a CUDA GPU; None where one would, or may."""
    if AMD.exists():
        return None
    if _build().endswith("+cpu"):
        return f"torch {_build()} is built for the CPU alone"
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides every GPU"
    return None if _count() else "this machine shows no CUDA GPU"


def _build() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""


def _count() -> int:
    """Return how many GPUs the driver shows; 0 where there is no driver."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value
