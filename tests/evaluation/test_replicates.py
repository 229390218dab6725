"""How much an AUC varies between trainings, and which models may be replicates."""

import numpy as np
import pandas as pd
import pytest

from mia.config.errors import ConfigError
from mia.config.read import read
from mia.evaluation.replicates import between_runs
from mia.stats.metrics import auc


def rows(models, seed=0):
    rng = np.random.default_rng(seed)
    member = np.repeat([True, False], 300)
    table = {"member": member, "group": np.arange(600), "block": 0, "score": rng.normal(size=600)}
    more = {f"replicate_{n}": rng.normal(size=600) + 0.3 * n * member for n in range(models)}
    return pd.DataFrame(table | more)


def test_the_standard_deviation_is_that_of_the_models_aucs():
    part = rows(3)
    found = between_runs(part)
    names = ["score", "replicate_0", "replicate_1", "replicate_2"]
    by_hand = [auc(part[name].to_numpy(), part["member"].to_numpy()) for name in names]
    assert found == {"runs": 4, "auc": by_hand, "sd": pytest.approx(np.std(by_hand, ddof=1))}
    assert between_runs(rows(0)) is None


def config(**target):
    training = {"epochs": 5, "keep": [5]}
    return {
        "results": "r",
        "image_sets": {
            "emoji": {"source": "builtin", "split": {"a": 20, "b": 20, "c": 20}, "limit": 200}
        },
        "training": {
            "one": {"set": "emoji:a", "representation_set": "emoji", **training},
            "again": {"set": "emoji:a", "like": "one", "seed": 7, **training},
            "shadow": {"set": "emoji:c", "like": "one", **training},
        },
        "models": {
            name: {"source": "training", "training": name} for name in ("one", "again", "shadow")
        },
        "targets": {"t": {"model": "one", "members": "emoji:a", "nonmembers": "emoji:b", **target}},
        "attacks": {"loss": {}, "blind_image": {}},
    }


def test_a_replicate_is_asked_what_the_model_is_asked():
    found = read(config(control="shadow", replicates=["again"]))
    assert found.models_of("t") == ("one", "shadow", "again")
    assert found.wanted("again", "emoji") == found.wanted("one", "emoji") != ()
    assert found.config["training"]["again"]["seed"] == 7


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"replicates": ["one"]}, "replicates: 'one' is the model itself"),
        ({"replicates": ["shadow"]}, "replicates: 'shadow' was not trained on the same images"),
        ({"replicates": ["agin"]}, "replicates: no model 'agin'; did you mean 'again'"),
        ({"replicates": ["shadow"], "control": "shadow"}, "'shadow' is the model itself, or its"),
        ({"replicates": []}, "replicates: "),
    ],
)
def test_other_models_are_refused(target, said):
    with pytest.raises(ConfigError) as raised:
        read(config(**target))
    assert said in str(raised.value) and "targets.t" in str(raised.value)
