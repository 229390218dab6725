"""A results folder with made-up numbers in the real form: what figures and report are tested on."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

import made_up_pictures
import made_up_statistics
from mia import checksums, storage
from mia.audit import remarks
from mia.audit.failed_hosts import failed_hosts
from mia.audit.survival import survival
from mia.config import schema as mia_config
from mia.config import stage_settings
from mia.config.experiment import Experiment
from mia.evaluation import (
    answer_rows,
    before_after,
    detections,
    generated,
    pairwise,
    practice,
    set_test,
)
from mia.evaluation.blind_twin import COLUMNS as TWIN
from mia.evaluation.long_table import LONG
from mia.stats.no_signal import auc_band, tpr_band

ATTACKS = {  # name: (access, strength on members, evals)
    "blind_caption": ("model-free", 0.0, 0),
    "blind_image": ("model-free", 0.0, 0),
    "blind_metadata": ("model-free", 0.0, 0),
    "coin": ("model-free", 0.0, 0),
    "clid_null": ("grey-box", 0.8, 6),
    "loss": ("grey-box", 0.45, 2),
    "loss_mean": ("grey-box", 0.5, 20),
    "loss_ratio": ("grey-box", 1.0, 4),
    "pia": ("grey-box", 0.6, 2),
    "pian": ("grey-box", -0.4, 2),
    "sima": ("grey-box", 0.7, 1),
}
TARGETS = {  # name: (verdict, how much the model remembers, how far the sets differ)
    "emoji-fair": ("BY DESIGN", 0.6, 0.0),
    "emoji-null": ("BY DESIGN", 0.0, 0.0),
    "emoji-overfit": ("BY DESIGN", 2.2, 0.0),
    "emoji-shifted": ("NOT FAIR", 0.6, 1.4),
    "web": ("UNDECIDED", 0.1, 0.15),
    "web-emoji": ("NOT FAIR", 0.1, 1.4),
}
CHANGE = ("emoji-fair", "emoji-overfit")  # targets before and after
MAKERS = ("emoji-fair", "web")  # targets whose model makes images of its own
PICTURES = 700
WORDS = {
    "BY DESIGN": "BY DESIGN: both sets come from one seeded split; no blind channel differs from "
    "chance; with these images an AUC beyond 0.5 ± 0.062 would have been detected.",
    "NOT FAIR": "NOT FAIR: caption AUC 0.871 (0.842 to 0.901), image AUC 0.912 (0.889 to 0.935): "
    "the two sets can be told apart without the model.",
    "UNDECIDED": "UNDECIDED: no interval lies outside 0.5 ± 0.03; n = 700 is too few to say more.",
}
CONFIG = {
    "results": "results",
    "seed": 7,
    "image_sets": {
        "openmoji": {
            "source": "builtin",
            "parts": {"extra": {"collection": "private-use"}},
            "split": {"member": PICTURES, "nonmember": PICTURES, "shadow": PICTURES},
        },
        "photos": {
            "source": "urls",
            "parts": {"seen": {"path": "a.csv"}, "unseen": {"path": "b.csv"}},
        },
    },
    "training": {
        "emoji": {
            "set": "openmoji:member",
            "representation_set": "openmoji",
            "epochs": 160,
            "keep": [60],
        }
    },
    "models": {
        "emoji_early": {"source": "training", "training": "emoji", "epoch": 60},
        "emoji_late": {"source": "training", "training": "emoji", "epoch": 160},
        "tiny": {"source": "path", "path": "/srv/somewhere/tiny-sd"},
    },
    "targets": {
        name: {
            "model": {
                "web": "tiny",
                "web-emoji": "tiny",
                "emoji-overfit": "emoji_late",
            }.get(name, "emoji_early"),
            "members": {
                "web": "photos:seen",
                "web-emoji": "photos:seen",
                "emoji-null": "openmoji:shadow",
            }.get(name, "openmoji:member"),
            "nonmembers": {
                "web": "photos:unseen",
                "web-emoji": "openmoji:extra",
                "emoji-shifted": "openmoji:extra",
            }.get(name, "openmoji:nonmember"),
        }
        for name in TARGETS
    },
    "attacks": {name: {} for name in ATTACKS},
}


def build(folder: Path) -> dict[str, list[str]]:
    """Write the folder; return the report stage's input files by option name."""
    rng = np.random.default_rng(0)
    config = mia_config.complete(CONFIG)
    spec = stage_settings.report(Experiment(config))
    spec |= {"pictured": ["openmoji"], "controls": ["emoji-null"]}
    manifests = {
        "openmoji": made_up_pictures.manifest(
            folder,
            "openmoji",
            {"extra": 300, "member": 700, "nonmember": 700, "shadow": 700, "rest": 60},
            rng,
        ),
        "photos": made_up_pictures.manifest(folder, "photos", {"seen": 700, "unseen": 700}, rng),
    }
    for model in config["models"]:
        made_up_pictures.model(folder, model, config["models"][model])
    made_up_pictures.samples(folder / "training/emoji/samples.png", rng)
    access = {name: reads for name, (reads, _, _) in ATTACKS.items()}
    summary, long, pairs, sets, found, compared = [], [], [], [], [], {}
    for target in TARGETS:
        rows = _membership(folder, target, manifests, config["targets"][target], rng)
        _losses(folder, target, config["targets"][target]["model"], rows, rng)
        scores = {
            attack: _score(folder, target, attack, rows, summary, long, rng) for attack in ATTACKS
        }
        reading = {name: found for name, found in scores.items() if access[name] == "grey-box"}
        one = {name: found_rows.assign(block=0) for name, found_rows in reading.items()}
        compared[target] = one
        found += detections.detection_rows(target, one, TARGETS[target][0])
        pairs += pairwise.pairwise_rows(target, one, 0.95)
        sets += made_up_statistics.set_test_rows(target, scores, access)
        _audit(folder, target, summary, manifests, config["targets"][target])
    _csv(folder / "tables/summary.csv", summary)
    _csv(folder / "tables/metrics.csv", long, LONG)
    _csv(folder / "tables/pairwise.csv", pairs, pairwise.COLUMNS)
    _csv(folder / "tables/set_test.csv", sets, set_test.COLUMNS)
    _csv(folder / "tables/detections.csv", found, detections.COLUMNS)
    changed = _changes(compared, *CHANGE)
    _csv(folder / "tables/compare.csv", changed, before_after.COLUMNS)
    third = [row for target in MAKERS for row in _generated(target, compared[target])]
    _csv(folder / "tables/generated.csv", third, generated.COLUMNS)
    answers = made_up_statistics.answer_rows(TARGETS, summary, sets)
    _csv(folder / "tables/answers.csv", answers, answer_rows.COLUMNS)
    checksums.write(folder.glob("tables/*.csv"), folder / "tables" / checksums.NAME)
    below = {
        "summary": "tables/summary.csv",
        "metrics": "tables/metrics.csv",
        "pairwise": "tables/pairwise.csv",
        "set-test": "tables/set_test.csv",
        "answers": "tables/answers.csv",
        "detections": "tables/detections.csv",
        "compare": "tables/compare.csv",
        "generated": "tables/generated.csv",
        "audits": "audit/*.json",
        "manifests": "images/*/manifest.parquet",
        "pairs": "images/*/pairs.parquet",
        "memberships": "targets/*/membership.parquet",
        "target-pairs": "targets/*/pairs.parquet",
        "scores": "scores/*/*.parquet",
        "models": "models/*/model.json",
        "samples": "training/*/samples.png",
    }
    files = {option: sorted(map(str, folder.glob(glob))) for option, glob in below.items()}
    return {"settings": [json.dumps(spec, sort_keys=True)], **files}


def _changes(reading, before, after) -> list[dict]:
    """A comparison on the images that two targets of the same sets kept both."""
    sides = [dict(reading[target]) for target in (before, after)]
    for name in sides[0]:
        kept = sides[0][name].index.intersection(sides[1][name].index)
        sides = [{**side, name: side[name].loc[kept]} for side in sides]
    settings = {"confidence": 0.95, "resamples": 100, "seed": 0}
    return before_after.change_rows("training-on", CHANGE, *sides, settings)


def _generated(target, reading) -> list[dict]:
    """Images in the places of eighty members, half a deviation more member-like than these."""
    found = []
    for attack, rows in reading.items():
        folds = np.where(np.arange(len(rows)) % 2, "calibration", "evaluation")
        rows = rows.assign(block=0, fold=folds)
        made = rows[rows["member"]].iloc[:80]
        made = made.assign(score=made["score"] + 0.5).drop(columns="member")
        numbers = generated.generated_row(rows, made, "made.parquet", 0.1, 0.95)
        found.append({"target": target, "attack": attack, **numbers})
    return found


def _membership(folder, target, manifests, spec, rng) -> pd.DataFrame:
    sides = []
    for side in ("members", "nonmembers"):
        image_set, part = spec[side].split(":")
        rows = manifests[image_set]
        rows = rows.loc[rows["kept"] & (rows["part"] == part), ["key", "image_id", "group"]]
        sides.append(rows.assign(set=image_set, member=side == "members"))
    table = pd.concat(sides, ignore_index=True)
    table["fold"] = np.where(rng.random(len(table)) < 0.5, "calibration", "evaluation")
    table["block"] = np.where(table["fold"] == "evaluation", 0, -1)
    table["kept"] = rng.random(len(table)) > 0.01
    table["reason"] = np.where(table["kept"], "", "duplicate of a member")
    table = table.sort_values(["set", "key"]).reset_index(drop=True)
    if target == "web":
        table["in_index"] = table["member"] & (table.index % 2 == 0)
        table["index_cosine"] = np.where(table["in_index"] | (table.index % 7 == 0), 0.8, np.nan)
    made_up_pictures.target_pairs(folder, target, table)
    storage.write(table, folder / f"targets/{target}/membership.parquet")
    return table


def _losses(folder, target, model, rows, rng) -> None:
    if model == "tiny":
        return
    image_set = rows["set"].iloc[0]
    remembers, base = TARGETS[target][1], rng.normal(0, 0.15, len(rows))
    for timestep in (50, 100, 200, 300, 440, 450, 460, 600, 800):
        loss = np.exp(-timestep / 300 + base) + rng.normal(0, 0.02, len(rows))
        caption = loss * (1 - 0.06 * remembers * rows["member"])
        table = pd.DataFrame(
            {"key": rows["key"], "image_id": rows["image_id"], "timestep": timestep}
        )
        table = table.assign(draw=0, condition="caption", loss_caption=caption)
        if timestep >= 300:
            table = table.assign(condition="both", loss_null=loss * 1.05)
        path = f"queries/{target}/{image_set}/denoise/t{timestep}.parquet"
        storage.write(table, folder / path, {"set": image_set, "query": f"t{timestep}"})


def _score(folder, target, attack, rows, summary, long, rng) -> pd.DataFrame:
    access, strength, evals = ATTACKS[attack]
    verdict, remembers, shift = TARGETS[target]
    rows = rows[rows["kept"]]
    differs = shift * (1 + 0.3 * (attack != "blind_caption")) if attack != "coin" else 0
    lift = rows["member"] * (differs + strength * remembers)
    score = pd.DataFrame({"image_id": rows["image_id"], "score": lift + rng.normal(size=len(rows))})
    about = {"name": attack, "access": access, "reads_images": attack.startswith("blind")}
    storage.write(score, folder / f"scores/{target}/{attack}.parquet", about)
    seen = (rows["fold"] == "evaluation").to_numpy()
    member, value = rows["member"].to_numpy()[seen], score["score"].to_numpy()[seen]
    n, m = int((~member).sum()), int(member.sum())
    auc = roc_auc_score(member, value)
    half = 1.96 * np.sqrt(auc * (1 - auc) / min(n, m)) * 0.9
    low, high = auc - half, min(auc + half, 1)
    row = {"target": target, "attack": attack, "access": access, "n_member": m, "n_nonmember": n}
    row |= {"auc": auc, "auc_low": low, "auc_high": high}
    row |= chance_columns("auc", auc_band(m, n, 0.95))
    found = {"attack": attack, "auc": {"value": auc, "low": low, "high": high}}
    storage.write_json(found, folder / f"metrics/{target}/{attack}.json")
    names = {"target": target, "attack": attack}
    long.append(
        {
            **names,
            "metric": "auc",
            "value": auc,
            "low": low,
            "high": high,
            "note": "logit and Newcombe",
        }
    )
    for name, limit in (("10pct", 0.1), ("1pct", 0.01), ("01pct", 0.001)):
        rests, falling = int(limit * n), np.sort(value[~member])[::-1]
        found, note = float((value[member] > falling[rests]).mean()), ""
        ends = (found, max(found - 0.03, 0), min(found + 0.04, 1))
        if rests < 10:
            note = f"rests on at most {rests} false positives"
        if rests < 2:
            ends, note = ("", "", ""), f"n/a: {n} nonmembers allow {rests} false positives"
        ends = dict(zip(("value", "low", "high"), ends, strict=True))
        row |= {
            f"tpr_fpr_{name}{end.replace('_value', '')}": ends[end.strip("_")]
            for end in ("_value", "_low", "_high")
        }
        row |= chance_columns(f"tpr_fpr_{name}", tpr_band(m, n, limit, 0.95))
        long.append({**names, "metric": "tpr_at_fpr", "limit": limit, "note": note, **ends})
        if limit == 0.1:
            entry = [{**ends, "limit": limit, "fpr": rests / n}]
            long += [{**names, **row} for row in practice.predictive_values(entry, m, limit)]
        if rests > 1 and access != "model-free":
            reached = {"value": limit, "low": limit / 2, "high": 2 * limit}
            long.append({**names, "metric": "carried_fpr", "limit": limit, **reached})
            long.append({**names, "metric": "carried_tpr", "limit": limit, **ends})
            for part, rate in (("evaluation", limit / 2), ("calibration", 2 * limit)):
                each = {"metric": "carried_fpr_each", "limit": limit, "note": part}
                long.append({**names, **each, "value": rate})
    if verdict != "NOT FAIR" and access != "model-free":
        for blind in ("blind_caption", "blind_image"):
            difference = {"value": auc - 0.5, "low": auc - 0.56, "high": auc - 0.44}
            note = f"{blind}; Holm-adjusted p = 0.04"
            long.append({**names, "metric": "auc_minus_blind", "note": note, **difference})
    flags = ["few_false_positives"] + (["below_chance"] if high < 0.5 else [])
    above = (
        "n/a"
        if verdict == "NOT FAIR" or access == "model-free"
        else "yes"
        if low > 0.55
        else "undecided"
    )
    row |= {"blind_auc": 0.5 + shift * 0.3, "above_blind": above, "verdict": verdict}
    row["answer"] = "Used"
    side = "yes" if low > 0.5 else "no" if high < 0.5 else "undecided"
    row["above_chance"] = "n/a" if access == "model-free" else side
    gain = 0.4 * strength * remembers if "control" in CONFIG["targets"][target] else None
    gain = None if access == "model-free" else gain
    row |= {"auc_control": None, "auc_gain": None, "auc_gain_low": None, "auc_gain_high": None}
    row |= {"p_gain": None, "gain": "n/a"}
    row |= dict.fromkeys(TWIN)
    if target == "web" and access != "model-free":
        row |= dict(zip(TWIN, (0.53, 0.41, auc - 0.53, auc - 0.6, auc - 0.46, 0.2), strict=True))
    if gain is not None:
        ends = {"auc_gain": gain, "auc_gain_low": gain - 0.05, "auc_gain_high": gain + 0.05}
        row |= {"auc_control": auc - gain, **ends, "p_gain": 0.001 if gain > 0.05 else 0.5}
        row["gain"] = "yes" if gain > 0.05 else "undecided"
    row |= {
        "evals_alone": evals,
        "evals_shared": evals / 3,
        "backwards": 0,
        "generations": 0,
        "flags": " ".join(flags),
    }
    summary.append(row)
    randomised = target in ("emoji-fair", "emoji-overfit")
    bound = max(0.0, strength * remembers) if randomised else None
    long += [{**names, **more} for more in made_up_statistics.numbers(attack, auc, m, n, bound)]
    about = {name: rows[name].to_numpy() for name in ("member", "group", "block")}
    return score.assign(**about)[seen].set_index("image_id")


def chance_columns(name: str, band: tuple[float, float]) -> dict[str, float]:
    return {f"{name}_chance_low": band[0], f"{name}_chance_high": band[1]}


def _audit(folder, target, summary, manifests, pairing) -> None:
    verdict = TARGETS[target][0]
    channels = [
        {
            "channel": row["attack"].removeprefix("blind_"),
            "attack": row["attack"],
            "auc": row["auc"],
            "fair_low": row["auc_low"] + 0.005,
            "fair_high": row["auc_high"] - 0.005,
            "not_fair_low": row["auc_low"] - 0.01,
            "not_fair_high": min(row["auc_high"] + 0.01, 1.0),
            "detectable": 0.562,
            "p": 0.03,
            "tpr": {"limit": 0.01, "value": 0.021, "low": 0.003, "high": 0.05},
        }
        for row in summary
        if row["target"] == target and row["attack"].startswith("blind")
    ]
    audit = {"target": target, "verdict": verdict, "sentence": WORDS[verdict], "margin": 0.03}
    sides = {"kept": 700, "calibration": 350, "evaluation": 350, "dropped": {"near duplicate": 3}}
    audit |= {"counts": {"members": sides, "nonmembers": sides}}
    audit |= {
        "levels": {"fair": 0.9, "not_fair": 0.975},
        "reach": {"within": 0.145, "images": None, "images_if_alike": 1900},
        "channels": channels,
        "n_member": 350,
        "n_nonmember": 350,
        "by_design": verdict == "BY DESIGN",
    }
    sides = {}
    for side in ("members", "nonmembers"):
        name, _, part = pairing[side].partition(":")
        sides[side] = {"set": name, "parts": [part], "dealt": name == "openmoji"}
    audit["survival"] = survival(manifests, sides, 0.95)
    audit["failed_hosts"] = failed_hosts(manifests, sides, 0.95)
    audit |= _appendix(verdict, channels)
    storage.write_json(audit, folder / f"audit/{target}.json")


def _appendix(verdict, channels) -> dict:
    attacks = [channel["attack"] for channel in channels]
    spread = {"low": 0.51, "mean": 0.52, "high": 0.53, "splits": 3}
    columns = [("caption_length", 0.31, 0.0004), ("bytes", -0.12, 0.3), ("stat_edges", 0.02, 1.0)]
    rows = [
        {"column": name, "members": 12.5, "nonmembers": 11.0, "smd": smd, "ks": 0.1, "p": p}
        | {"unbalanced": abs(smd) >= 0.1, "chance": 0.061}
        for name, smd, p in columns
    ]
    distances = {
        "features": "image",
        "singular": False,
        "value": 1.25,
        "null_median": 0.5,
        "null_high": 0.75,
        "percentile": 1.0,
    }
    return {
        "spread": dict.fromkeys(attacks, spread),
        "self_test": {attack: {"auc": 0.49, "low": 0.43, "high": 0.55} for attack in attacks},
        "balance": rows,
        "frechet": [
            {**distances, "p": 0.005, "columns": 33},
            {**distances, "p": 0.01, "columns": 768, "features": "embedding", "singular": True},
        ],
        "match": "none",
        "kept_share": {"members": 1.0, "nonmembers": 1.0},
        "estimates_worse_than_zero": [],
        "fits_another_prediction_type": [],
        "remarks": [remarks.ABOVE_BLIND] if verdict in remarks.NEED_A_CONTROL else [],
    }


def _csv(path, rows, header=None) -> None:
    header = header or list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    storage.write_text(text.getvalue(), path)
