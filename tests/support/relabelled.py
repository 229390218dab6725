"""A target of a finished run under other labels: evaluated anew, by the functions of its stages.

What was measured and what learnt nothing does not depend on who is called a member. Blocks, blind
baselines, metrics, the verdict and the answer do.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mia import storage
from mia.access import reads_model
from mia.audit.channels import channels_of
from mia.audit.reach import reach
from mia.audit.verdict import verdict
from mia.config import stage_settings
from mia.config.experiment import Experiment
from mia.config.read import read_file
from mia.evaluation.answer_rows import answer_row
from mia.evaluation.comparison import above_chance
from mia.evaluation.gain import gains
from mia.evaluation.scored import CONTROL, columns, reported, scored
from mia.evaluation.set_family import beyond_blind, family
from mia.evaluation.set_test import LEVEL
from mia.result_paths import MANIFEST, MEMBERSHIP, SCORES
from mia.stages import score
from mia.stats.intervals import auc_interval
from mia.targets import folds
from mia.targets.blocks import blocks_of

NOTHING = {  # that a blind baseline is given
    "model": None,
    "external": None,
    "known": None,
    **dict.fromkeys(
        ("signals", "reference", "references", "controls", "replicates", "embeddings"), ()
    ),
}


@dataclass(frozen=True)
class Relabelled:
    """Images of a finished run, and who of them is called a member.

    Args:
        results: The run's results.
        experiment: Its config.
        folder: Holds what depends on the labels, once it is made.
    """

    results: Path
    experiment: Experiment
    folder: Path

    @classmethod
    def draw(cls, run: Path, target: str, member: pd.Series, seed: int, folder: Path) -> Relabelled:
        """Write the membership of a target under other labels.

        Args:
            run: The folder that Snakemake ran in.
            target: Whose kept images they are.
            member: Label of every group, index group.
            seed: Of the blocks.
            folder: Which is not there yet.
        """
        experiment = read_file(run / "config/config.yaml")
        results = run / experiment.config["results"]
        rows = storage.read(results / MEMBERSHIP.format(target=target))
        rows = rows[rows["kept"]].reset_index(drop=True)
        rows["member"] = rows["group"].map(member).astype(bool)
        rows["fold"] = rows["group"].map(folds.halves(rows["group"], rows["member"], seed))
        rows["block"] = blocks_of(rows, experiment.config["evaluation"]["design"], seed)
        found = cls(results, experiment, folder)
        folder.mkdir()
        storage.write(rows, found.membership)
        return found

    @property
    def membership(self) -> Path:
        return self.folder / "membership.parquet"

    def answer(self, target: str, alone: bool = False) -> dict[str, Any]:
        """Return the row of answers.csv that `target`, which has these images, has now.

        What the answer does not depend on is left out: bootstraps, power, false alarms.

        Args:
            target: Its name.
            alone: Whether control models, and what compares the model with them, are left out.
        """
        confidence, seed = self._level()
        reading = self._reported(target, alone, reads_model)
        blind = self._reported(target, alone, lambda access: not reads_model(access))
        tested = family(reading, seed)
        beyond = beyond_blind(reading, blind, seed)
        above = above_chance(reading, confidence)
        summary, tests = [], []
        for name, table in reading.items():
            area = auc_interval(*columns(table, "score", "member"), confidence)
            about = {"attack": name, "access": "grey-box", "above_chance": above[name]}
            about["n_nonmember"] = int((~table["member"].astype(bool)).sum())
            ends = {"auc": area.value, "auc_low": area.low, "auc_high": area.high}
            summary.append({**about, **ends})
            ps = {"p_family": tested[name].p_family, "p_excess": beyond[name].p_family}
            size = table.loc[table["member"], "group"].nunique()
            tests.append({"attack": name, "size": size, **ps})
        judged = self._verdict(target, blind, confidence)
        found = gains(reading, confidence)
        row = answer_row(summary, tests, found, judged, False, True)
        gain = found.get(row["attack"])
        over = {"auc_control": gain.auc_control, "auc_gain": gain.value} if gain else {}
        return {**row, **over}

    def finds(self, target: str, alone: bool = False) -> list[str]:
        """Return attacks that pass the test of a collection or gain: without any, none is Used.

        No baseline is needed for that, and none is fitted.
        """
        confidence, seed = self._level()
        reading = self._reported(target, alone, reads_model)
        tested, gained = family(reading, seed), gains(reading, confidence)
        passing = {name for name, one in tested.items() if one.p_family <= LEVEL}
        return sorted(passing | {name for name, one in gained.items() if one.found})

    def _level(self) -> tuple[float, int]:
        config = self.experiment.config
        return config["evaluation"]["confidence"], config["seed"]

    def _reported(
        self, target: str, alone: bool, wanted: Callable[[str], bool]
    ) -> dict[str, pd.DataFrame]:
        """Return the reported rows of attacks whose access is `wanted`."""
        membership, found = storage.read(self.membership), {}
        for name in self.experiment.attacks_of(target):
            stored = self.results / SCORES.format(target=target, attack=name)
            if not wanted(storage.metadata(stored)["access"]) or (alone and name == "loss_ratio"):
                continue
            path = str(self._scores(target, name))
            table = reported(scored(storage.read(path), membership, path), path)
            over = [column for column in table if column.startswith(CONTROL)]
            found[name] = table.drop(columns=over) if alone else table
        return found

    def _verdict(
        self, target: str, blind: dict[str, pd.DataFrame], confidence: float
    ) -> dict[str, Any]:
        """Return what the answer reads of the audit."""
        membership = storage.read(self.membership)
        channels, margin = channels_of(blind, confidence), self.experiment.config["audit"]["margin"]
        sizes = int(membership["member"].sum()), int((~membership["member"]).sum())
        word, _ = verdict(channels, margin, False, *sizes, confidence)
        decides = reach(channels, margin, *sizes, confidence)
        return {"target": target, "verdict": word, "margin": margin, "reach": asdict(decides)}

    def _scores(self, target: str, attack: str) -> Path:
        """Return the score file of an attack; one that learns is fitted to these labels, once."""
        stored = self.results / SCORES.format(target=target, attack=attack)
        if not storage.metadata(stored)["trained"]:
            return stored
        path = self.folder / f"{attack}.parquet"
        if not path.exists():
            sets = storage.read(self.membership)["set"].unique()
            manifests = [str(self.results / MANIFEST.format(set=name)) for name in sets]
            settings = stage_settings.score(self.experiment, target, attack)
            given = {"membership": str(self.membership), "manifests": manifests}
            score.score(Namespace(settings=settings, output=str(path), **given, **NOTHING))
        return path
