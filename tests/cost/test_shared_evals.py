"""What is measured together is evaluated once: evals done are the union that is promised."""

import importlib

import numpy as np
import torch

from mia.attacks.shared.cost import costs, evaluations
from mia.config.attacks import build_attack
from mia.measuring.batch import Batch
from mia.measuring.measure_job import MeasureJob
from mia.signals.shared.evals import predictions
from toy import SHAPE, ToyAutoencoder, ToyDenoiser

Z0 = np.random.default_rng(1).standard_normal((5, *SHAPE)).astype(np.float32)
PIXELS = np.random.default_rng(2).uniform(-1, 1, (5, 3, 16, 16)).astype(np.float32)


class Named:
    def __init__(self, name):
        self.module = importlib.import_module(f"mia.signals.{name}")


def evals(rows, size=3) -> tuple[int, int]:
    """Evals done by one batch, and the union of the attacks' predictions times its images."""
    attacks = [build_attack("row", row) for row in rows]
    queries = tuple(sorted({query for attack in attacks for query in attack.queries}))
    signals = {name: Named(name) for name in sorted({query.signal for query in queries})}
    batch = Batch(
        ToyDenoiser(),
        [f"i{n}" for n in range(5)],
        torch.from_numpy(Z0),
        ["cat"] * 5,
        0,
        size,
        lambda _: torch.from_numpy(PIXELS),
        ToyAutoencoder(),
        MeasureJob(None, signals).shared(queries),
    )
    for name, signal in signals.items():
        for rows_ in batch.slices([query for query in queries if query.signal == name]):
            signal.module.measure(batch, rows_)
    union = frozenset().union(*(signals[q.signal].module.predictions(q) for q in queries))
    return batch.evals, 5 * len(union)


def test_loss_and_its_reconstruction_share_their_estimate():
    done, promised = evals(
        [{"attack": "loss", "timesteps": [50], "draws": 1}, {"attack": "rediffuse"}]
    )
    assert done == promised == 5


def test_inversion_chains_share_their_start_with_pia_and_sima():
    rows = [{"attack": "secmi"}, {"attack": "pia"}, {"attack": "sima", "timestep": 0}]
    done, promised = evals(rows)
    assert done == promised == 5 * (12 + 1)


def test_the_whole_set_costs_what_is_promised():
    names = ["loss", "pia", "pian", "sima", "secmi", "rediffuse", "structural", "guidance_norm"]
    names += ["noise_aggregation", "latent_error", "pixel_error", "clid_th", "frequency"]
    rows = [{"attack": name} for name in names]
    rows.append({"attack": "pfami", "timesteps": [0, 100], "crops": [0.8]})
    rows.append({"attack": "dubinski", "setting": 11, "loss": "latent", "draws": 2})
    done, promised = evals(rows)
    assert done == promised


def test_slices_that_mix_shared_and_other_estimates_repeat_none():
    """Rows of one estimate end up in two slices, the second beside a shared one."""
    rows = [{"attack": "loss", "timesteps": [50, 100, 150], "draws": 1}, {"attack": "rediffuse"}]
    rows.append({"attack": "rediffuse", "timestep": 150})
    for size in range(1, 16):
        done, promised = evals(rows, size)
        assert done == promised == 15


def test_references_count_each():
    lira = build_attack("lira", {"draws": 2})
    assert len(evaluations(lira, predictions)) == 4
    assert len(evaluations(lira, predictions, references=8)) == 18
    found = costs(
        {"lira": lira, "loss": build_attack("loss", {"draws": 2})}, predictions, references=8
    )
    assert found["lira"].evals_alone == 18 and found["lira"].evals_shared == 17
