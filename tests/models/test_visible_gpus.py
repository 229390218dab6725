"""Whether a GPU is there is known without torch, and as torch knows it."""

import os
import subprocess
import sys

import pytest

from mia.models.visible_gpus import AMD, why_no_gpu

ASKED = """
import sys
from mia.models.visible_gpus import why_no_gpu
found = why_no_gpu()
assert "torch" not in sys.modules
import torch
print(found is None, torch.cuda.device_count() > 0)
"""


@pytest.mark.skipif(AMD.exists(), reason="only torch can count AMD's GPUs")
@pytest.mark.parametrize("visible", [None, "", "-1", "0", "99"])
def test_it_sees_what_torch_sees(visible):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    found = subprocess.check_output([sys.executable, "-c", ASKED], env=environment, text=True)
    assert found.split() in (["True", "True"], ["False", "False"])


@pytest.mark.skipif(AMD.exists(), reason="only torch can count AMD's GPUs")
@pytest.mark.parametrize("visible", ["", " ", "-1"])
def test_hidden_gpus_are_none(visible, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert why_no_gpu().endswith(("hides every GPU", "is built for the CPU alone"))
