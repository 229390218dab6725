"""What a job finds: no input to read, no code of a model's folder, the libraries' warnings."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mia.denoisers.stable_diffusion import StableDiffusion
from mia.models.autoencoder import Autoencoder
from mia.models.folder import describe
from mia.models.training.base import base_pipeline
from model_edits import keys, tensors

WORKFLOW = Path(__file__).parents[2] / "workflow"
PREPARED = f"""
import sys
from pathlib import Path

sys.path.insert(0, {str(WORKFLOW)!r})
from mia.job_environment import prepare

prepare(Path({str(WORKFLOW)!r}))
"""
ASKING = {
    "all_of_it": "cat > {output}",
    "a_line": "read answer || true; echo -n $answer > {output}",
    "python": ("python -c 'import sys; print(sys.stdin.read(), end=str())' > {output}"),
    "a_child": "bash -c 'bash -c cat' > {output}",
}


def test_no_job_reads_what_is_typed_at_snakemake(tmp_path):
    rules = [
        f"rule {name}:\n    output: '{name}.txt'\n    shell: {json.dumps(command)}\n"
        for name, command in ASKING.items()
    ]
    (tmp_path / "Snakefile").write_text("\n".join([PREPARED, *rules]))
    wanted = [f"{name}.txt" for name in ASKING]
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *wanted]
    run = subprocess.run(command, cwd=tmp_path, input="y\n" * 99, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    assert {name: (tmp_path / name).read_text() for name in wanted} == dict.fromkeys(wanted, "")


SCHEDULER = "kandinsky_v22_combined.py"  # a class of diffusers that holds no weights


def test_models_are_loaded_in_few_places_only():
    """Each of them says that no code of the folder is run."""
    loads = {
        p.name: p.read_text() for p in WORKFLOW.rglob("*.py") if "from_pretrained(" in p.read_text()
    }
    assert set(loads) == {"loading.py", "tokenizer.py", "base.py", "merging.py", SCHEDULER}
    assert all("trust_remote_code" in text for name, text in loads.items() if name != SCHEDULER)


CODE = "from pathlib import Path\nPath({marker!r}).touch()\nclass Mine: pass\n"


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("tokenizer", "AutoTokenizer"),
        ("text_encoder", "AutoModel"),
        ("text_encoder", "AutoConfig"),
        ("unet", "AutoModel"),
        ("vae", "AutoModel"),
    ],
)
def test_a_load_never_runs_code_of_the_folder(part, kind, tiny_sd, tmp_path, monkeypatch):
    """Not even of one that named none when it was described; and nobody is asked."""
    folder, marker = shutil.copytree(tiny_sd, tmp_path / "model"), tmp_path / "ran"
    model = describe(folder)
    (folder / part / "mine.py").write_text(CODE.format(marker=str(marker)))
    config = "tokenizer_config.json" if part == "tokenizer" else "config.json"
    named = ["mine.Mine", "mine.Mine"] if part == "tokenizer" else "mine.Mine"
    keys(f"{part}/{config}", auto_map={kind: named}, tokenizer_class="Mine")(folder)

    def asked(*arguments):
        raise AssertionError("somebody is asked")

    monkeypatch.setattr("builtins.input", asked)
    z, t = torch.zeros(1, 4, 8, 8), torch.tensor([5])
    denoiser = StableDiffusion(model, "cpu")
    assert denoiser.epsilon(z, t, denoiser.embed(["a red cat"])).shape == z.shape
    Autoencoder(model["vae"], "cpu").decode(z)
    base_pipeline(model)
    assert not marker.exists()


LOADS = """
import warnings
from pathlib import Path
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel
from mia.models.loading import load_whole

for kind, part in ((UNet2DConditionModel, "unet"), (CLIPTextModel, "text_encoder")):
    try:
        load_whole(kind, Path(part))
    except RuntimeError as error:
        pass
warnings.warn("said by Python")
"""


def test_what_the_libraries_warn_of_stands_in_the_jobs_log(tiny_sd, tmp_path):
    folder = shutil.copytree(tiny_sd, tmp_path / "model")
    for part in ("unet", "text_encoder"):
        tensors(part, lambda held, name=part: {**held, f"of.{name}": torch.zeros(1)})(folder)
    (folder / "job.py").write_text(LOADS)
    job = f"{PREPARED}\nimport subprocess\nsubprocess.run(['python', 'job.py'], check=True)"
    run = subprocess.run(
        [sys.executable, "-c", job], cwd=folder, capture_output=True, text=True, check=True
    )
    for said in ("of.unet", "of.text_encoder", "said by Python"):
        assert said in run.stderr
    assert "accelerate" not in run.stderr
