"""The scripts of `examples` that prepare public targets, on small data in the published forms."""

import csv
import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from mia.models.folder import describe
from micro_experiment import PROJECT
from secmi_unet import UNet

TRAIN, TEST = 6, 4  # images of each of CIFAR-10's batches here


def run(script, folder):
    words = [sys.executable, str(PROJECT / "examples" / script)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def captions(path):
    return {row["file"]: row["caption"] for row in csv.DictReader(path.open(encoding="utf-8"))}


def test_the_halves_of_cifar10_are_the_images_that_the_split_numbers(tmp_path):
    rng = np.random.default_rng(0)
    batches = tmp_path / "data/cifar-10-batches-bin"
    batches.mkdir(parents=True)
    rows = rng.integers(0, 256, (5 * TRAIN + TEST, 3073), np.uint8)
    for number in range(5):
        rows[number * TRAIN :][:TRAIN].tofile(batches / f"data_batch_{number + 1}.bin")
    rows[5 * TRAIN :].tofile(batches / "test_batch.bin")
    halves = rng.permutation(5 * TRAIN).reshape(2, -1)
    split = tmp_path / "data/CIFAR10_train_ratio0.5.npz"
    np.savez(split, mia_train_idxs=halves[0], mia_eval_idxs=halves[1])
    run("cifar10_halves.py", tmp_path)
    counts = {path.name: len([*path.iterdir()]) for path in (tmp_path / "data/cifar10").iterdir()}
    assert counts == {"member": 15, "nonmember": 15, "train": 30, "test": 4}
    for part, numbers in zip(("member", "nonmember"), halves, strict=True):
        for number in numbers:
            with Image.open(tmp_path / f"data/cifar10/{part}/{number:05d}.png") as image:
                pixel = image.getpixel((5, 2))  # of column 5 and row 2
            assert pixel == tuple(
                rows[number, 1 + 1024 * channel + 2 * 32 + 5] for channel in range(3)
            )


def test_each_class_gives_both_sides_five_images_under_its_number(tmp_path):
    for part, each in (("train", 7), ("val", 5)):
        for name in ("n02000000", "n01000000"):
            folder = tmp_path / f"data/imagenet/{part}/{name}"
            folder.mkdir(parents=True)
            for number in range(each):
                (folder / f"{part}-{name}-{number}.JPEG").write_text(name)
    run("imagenet_sample.py", tmp_path)
    names = {}
    for part in ("train", "val"):
        told = captions(tmp_path / f"data/dit-imagenet/{part}.csv")
        names[part] = set(told)
        assert sorted(told.values()) == ["0"] * 5 + ["1"] * 5
        for name, caption in told.items():
            file = tmp_path / f"data/dit-imagenet/{part}" / name
            assert file.read_text() == ("n01000000", "n02000000")[int(caption)]
            assert file.resolve().parent.parent.name == part
    assert names["train"] == names["val"]


@pytest.mark.parametrize("as_struct", [True, False])
def test_images_come_out_of_common_catalog_as_they_are(as_struct, tmp_path):
    content = {}
    for part in ("by", "by_nc"):
        folder = tmp_path / "data/common-catalog" / part
        folder.mkdir(parents=True)
        rows = []
        for number in range(3):
            buffer = io.BytesIO()
            Image.new("RGB", (8, 8), (number, 0, 0)).save(buffer, "JPEG")
            content[part, number] = buffer.getvalue()
            image = {"bytes": buffer.getvalue(), "path": None} if as_struct else buffer.getvalue()
            rows.append({"jpg": image, "blip2_caption": f'a "{part}", {number}'})
        rows.insert(1, {"jpg": None, "blip2_caption": "gone"})
        pd.DataFrame(rows).to_parquet(folder / "part-00000.parquet")
    run("common_catalog_images.py", tmp_path)
    for (part, number), image in content.items():
        folder = tmp_path / "data/common-catalog"
        assert (folder / f"{part}-images/{number:05d}.jpg").read_bytes() == image
        assert captions(folder / f"{part}.csv")[f"{number:05d}.jpg"] == f'a "{part}", {number}'


def test_secmis_checkpoint_answers_the_same_as_a_folder_of_diffusers(tmp_path):
    from diffusers import DDPMPipeline

    torch.manual_seed(0)
    theirs = UNet().eval()
    with torch.no_grad():  # biases and norms too must lie where they belong
        for name, parameter in theirs.named_parameters():
            if not name.endswith("timembedding.0.weight"):
                parameter.add_(0.02 * torch.randn_like(parameter))
    (tmp_path / "data").mkdir()
    saved = {"net_model": {}, "ema_model": theirs.state_dict(), "step": 800_000}
    torch.save(saved, tmp_path / "data/ckpt-step800000.pt")
    run("secmi_checkpoint.py", tmp_path)
    made = tmp_path / "models/secmi-cifar10"
    x, timesteps = torch.randn(2, 3, 32, 32), torch.tensor([3, 700])
    pipeline = DDPMPipeline.from_pretrained(made, use_safetensors=True)
    with torch.no_grad():
        expected, found = theirs(x, timesteps), pipeline.unet(x, timesteps).sample
    assert expected.std() > 0.05
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    about = describe(made)
    assert about["resolution"] == 32 and about["vae"]["kind"] == "pixels"
    betas = torch.linspace(0.0001, 0.02, 1000, dtype=torch.float64)
    torch.testing.assert_close(
        pipeline.scheduler.alphas_cumprod.double(), (1 - betas).cumprod(0), rtol=1e-4, atol=1e-6
    )
