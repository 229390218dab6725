"""A synthetic target of a given size, in the files that everything after measuring reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mia import storage
from mia.config import stage_settings
from mia.config.read import read
from mia.images.rows import NUMBERS, STATISTICS
from mia.query import Query, grid
from mia.report.figures.shared.shelf import LOSSES, SCORES, known_figures
from mia.signals.denoise import MEASURES
from mia.targets.folds import BLOCKS

ROOT = Path(__file__).parents[4]
PAIRS = ["key_a", "key_b", "part_a", "part_b", "distance", "rmse", "mirrored", "cosine", "kind"]
SCORE_FIGURES, LOSS_FIGURES = (
    [figure.name for figure in known_figures([reads])] for reads in (SCORES, LOSSES)
)
TARGET = {"model": "model", "members": "pictures:member", "nonmembers": "pictures:nonmember"}
BLIND = {"name": "blind_caption", "module": "blind_caption", "access": "model-free"}
CONFIG = {
    "results": "results",
    "image_sets": {
        "pictures": {
            "source": "urls",
            "parts": {part: {"path": f"{part}.csv"} for part in ("member", "nonmember")},
        }
    },
    "models": {"model": {"source": "path", "path": "model"}},
    "targets": {"target": TARGET},
    "attacks": {"loss": {}, "blind_caption": {}},
}


@dataclass(frozen=True)
class Scale:
    """A made-up target: one attack that reads every query, one blind baseline.

    Args:
        folder: An empty folder.
        images: How many images, half of them members.
        queries: How many questions of the signal `denoise`, a multiple of four.
    """

    folder: Path
    images: int
    queries: int

    def path(self, name: str) -> str:
        """A path in the folder."""
        return str(self.folder / name)

    @property
    def model(self) -> str:
        """The description of its model."""
        return self.path("models/model/model.json")

    @property
    def grid(self) -> tuple[Query, ...]:
        """Four timesteps, as many draws as it takes."""
        return grid("denoise", (100, 300, 500, 700), self.queries // 4)

    def write(self) -> None:
        """Write membership, manifest, query files, the blind baseline's scores and the model."""
        rng, number = np.random.default_rng(0), np.arange(self.images)
        ids, keys = [f"{n:064x}" for n in number], [f"{n:016x}" for n in number]
        own = pd.DataFrame({"set": "pictures", "key": keys, "image_id": ids, "group": keys})
        side = {"member": number % 2 == 0, "kept": True, "reason": ""}
        fold = np.where(number % 4 < 2, "calibration", "evaluation")
        dealt = own.assign(**side, fold=fold, block=number // 2 % BLOCKS)
        storage.write(dealt, self.path("targets/target/membership.parquet"))
        part = np.where(number % 2 == 0, "member", "nonmember")
        manifest = own.drop(columns="set").assign(part=part, caption="a caption", reason="")
        manifest = manifest.assign(status="success", kept=True, format="JPEG", mode="RGB", url="")
        manifest[list(NUMBERS)] = rng.integers(1, 1000, (self.images, len(NUMBERS)))
        manifest[list(STATISTICS)] = rng.random((self.images, len(STATISTICS)))
        storage.write(manifest, self.path("images/pictures/manifest.parquet"))
        pairs = pd.DataFrame(columns=PAIRS, dtype="string")
        for owner in ("images/pictures", "targets/target"):
            storage.write(pairs, self.path(f"{owner}/pairs.parquet"))
        blind = pd.DataFrame({"image_id": ids, "score": rng.random(self.images)})
        about = {**BLIND, "reads_images": True, "trained": True, "fitted": {}}
        storage.write(blind, self.path("scores/target/blind_caption.parquet"), about)
        model = {"name": "model", "source": "path", "family": "stable_diffusion", "weights": "0"}
        shape = {"prediction_type": "epsilon", "resolution": 512, "latent_shape": [4, 64, 64]}
        schedule = np.linspace(0.999, 0.005, 1000).tolist()
        storage.write_json({**model, **shape, "alpha_bar": schedule, "tensors": []}, self.model)
        for query in self.grid:
            fields = own[["key", "image_id"]].assign(**query.fields())
            measured = rng.random((self.images, len(MEASURES)))
            rows = pd.concat([fields, pd.DataFrame(measured, columns=list(MEASURES))], axis=1)
            about = {"set": "pictures", "query": query.path, "fields": list(fields)[1:]}
            about |= {"devices": ["cpu"], "repeats": rows.head(16).to_dict("records")}
            storage.write(rows, self.path(f"queries/model/pictures/{query.path}.parquet"), about)

    def commands(self) -> dict[str, list[str]]:
        """Stage to its arguments, in the order in which they run."""
        loss = {"timesteps": [100, 300, 500, 700], "draws": self.queries // 4}
        experiment = read({**CONFIG, "attacks": {"loss": loss, "blind_caption": {}}})

        def told(stage: str, **names: str) -> list[str]:
            settings = getattr(stage_settings, stage)(experiment, **names)
            return ["--settings", json.dumps(settings)]

        member = ["--membership", self.path("targets/target/membership.parquet")]
        losses = [self.path(f"queries/model/pictures/{query.path}.parquet") for query in self.grid]
        scores = [self.path(f"scores/target/{name}.parquet") for name in ("loss", "blind_caption")]
        metrics = [self.path(f"metrics/target/{name}.json") for name in ("loss", "blind_caption")]
        of_sets, audit = self.path("audit/sets/target.json"), self.path("audit/target.json")
        target = ["--target", "target"]
        drawn, curves = (
            [self.path(f"figures/target-{name}.svg") for name in names]
            for names in (SCORE_FIGURES, LOSS_FIGURES)
        )
        summary, long = self.path("summary.csv"), self.path("metrics.csv")
        manifest = self.path("images/pictures/manifest.parquet")
        texts = [str(ROOT / f"docs/{name}.md") for name in ("flags", "ethics")]

        def evaluation(attack: str, score: str, output: str) -> list[str]:
            named = ["--attack", attack, "--score", score, *told("evaluate", target="target")]
            return [*target, *named, *member, "--output", output]

        return {
            "score": [
                *told("score", target="target", attack="loss"),
                *(*target, *member),
                *(
                    "--model",
                    self.model,
                    "--signals",
                    *losses,
                    "--output",
                    scores[0],
                ),
            ],
            "evaluate": evaluation("loss", scores[0], metrics[0]),
            "evaluate (blind)": evaluation("blind_caption", scores[1], metrics[1]),
            "audit": [
                *(*target, "--metrics", metrics[1], "--scores", scores[1], *member),
                *("--manifests", manifest, *told("audit", target="target")),
                *("--output", of_sets),
            ],
            "verdict": ["--audit", of_sets, *told("verdict"), "--output", audit],
            "tables": [
                *("--metrics", *metrics, "--scores", *scores, "--memberships", member[1]),
                *("--audits", audit, *told("tables")),
                *("--long", long, "--summary", summary),
                *("--pairwise", self.path("pairwise.csv"), "--set-test", self.path("sets.csv")),
                *("--answers", self.path("answers.csv"), "--detections", self.path("named.csv")),
                *("--compare", self.path("compare.csv"), "--generated", self.path("made.csv")),
                *("--html", self.path("summary.html"), "--markdown", self.path("summary.md")),
                *("--checksums", self.path("checksums.json")),
            ],
            "figures": [
                *(*target, "--scores", *scores, "--metrics", *metrics, *member),
                *(*told("figures", target="target"), "--output", *drawn),
            ],
            "loss_figures": [
                *(*target, *member, "--losses", *losses),
                *(*told("loss_figures", target="target"), "--output", *curves),
            ],
            "report": [
                *(*told("report"), "--summary", summary, "--metrics", long),
                *("--audits", audit, "--manifests", manifest, "--texts", *texts),
                *("--pairs", self.path("images/pictures/pairs.parquet")),
                *("--target-pairs", self.path("targets/target/pairs.parquet")),
                *("--memberships", member[1], "--models", self.model),
                *("--scores", *scores, "--figures", *drawn, *curves),
                *("--output", self.path("report.html")),
                *("--template", str(ROOT / "workflow/report/page.html.j2")),
                *("--pairwise", self.path("pairwise.csv"), "--set-test", self.path("sets.csv")),
                *("--answers", self.path("answers.csv"), "--detections", self.path("named.csv")),
                *("--compare", self.path("compare.csv"), "--generated", self.path("made.csv")),
            ],
            "export": [
                *("--scores", *scores, "--memberships", member[1], "--audits", audit),
                *("--results", str(self.folder), *told("export")),
                *("--score-table", self.path("tables/scores.parquet")),
                *("--loss-table", self.path("tables/losses.parquet")),
            ],
        }
