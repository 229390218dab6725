"""The attack of examples/add_an_attack.md, taken from the page into a copy of the tree."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from example_page import block

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "examples" / "add_an_attack.md").read_text(encoding="utf-8")
SUPPORT = [
    "conftest.py",
    *(f"support/{name}.py" for name in ("measured", "toy", "weighted_toy")),
]
SUITE = ["attacks/test_attacks.py", "attacks/test_contracts.py", "house/test_layers.py"]

TRY = """
import json, sys
import pandas as pd, yaml
from mia.config.attacks import build_attack
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.evidence import Evidence

config = yaml.safe_load(open("config/config.yaml"))
before = read(config)
rows = json.loads(sys.argv[1])
after = read({**config, "attacks": {**config["attacks"], **rows}})
measured = {name: [query.path for query in set(after.attacks[name].queries) - set(before.queries)]
            for name in rows}
table = pd.DataFrame({"image_id": ["b", "b", "a", "a"], "timestep": 100, "draw": [0, 1, 0, 1],
                      "condition": "caption", "l1_caption": [0.5, 0.7, 0.1, 0.2]})
attack = build_attack("l1", {})
score = attack.score(Evidence(("a", "b"), {"denoise": table.set_index("image_id")}))
try:
    build_attack("l1", {"draw": 3})
except ConfigError as error:
    refused = str(error)
print(json.dumps({"score": score.to_dict(), "repr": repr(attack), "new": measured,
                  "rows": list(after.attacks_of("emoji-null")), "refused": refused}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("workflow", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in (*SUPPORT, *SUITE):
        (folder / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    path = re.search(r"`(workflow/mia/attacks/\w+\.py)`", PAGE)[1]
    assert not (ROOT / path).exists(), "the page adds an attack that is there already"
    (folder / path).write_text(block(PAGE, "python"), encoding="utf-8")
    return folder


def run(tree, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(tree / "workflow"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_about_twenty_lines():
    code = [line for line in block(PAGE, "python").splitlines() if line.strip()]
    assert len(code) <= 25


def test_the_attack_does_what_the_page_says(tree):
    rows = yaml.safe_load(block(PAGE, "yaml"))["attacks"]
    found = json.loads(run(tree, "-c", TRY, json.dumps(rows)))
    assert found["score"] == pytest.approx({"a": -0.15, "b": -0.6})
    assert found["repr"] == "Attack(timesteps=(100,), draws=2)"
    assert {"l1", "l1_t650"} <= set(found["rows"])
    assert found["new"]["l1"] == [], "the page says: no eval"
    assert sorted(found["new"]["l1_t650"]) == ["denoise/t650-d0-caption", "denoise/t650-d1-caption"]
    assert "'draw'; did you mean 'draws'?" in found["refused"]


def test_the_contract_suite_finds_and_passes_it(tree):
    suite = [f"tests/{name}" for name in SUITE]
    out = run(tree, "-m", "pytest", "-p", "no:cacheprovider", "-vv", "-k", "l1", *suite)
    assert out.count("PASSED") >= 6, out
    assert "test_one_finite_score_per_image[l1]" in out
    assert "test_an_attack_keeps_its_contract[l1]" in out
