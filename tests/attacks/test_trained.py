"""Attacks that learn: from the right rows alone, and what can be worked out by hand."""

import importlib
import json
import sys

import numpy as np
import pandas as pd
import pytest

from measured import measured
from mia import storage
from mia.attacks import dubinski
from mia.attacks.shared import dubinski_settings
from mia.attacks.shared.contract import Stacks, traits_of
from mia.attacks.shared.features import of_signals
from mia.config.attacks import build_attack, build_attacks, known_attacks
from mia.config.errors import ConfigError
from mia.cost.signals import evals_together
from mia.evidence import Evidence
from mia.query import Query, dump, grid
from mia.signals.shared.contract import traits_of as signal_traits
from mia.stages import score as stage
from mia.stats.metrics import auc
from toy import ALPHA_BAR, SHAPE, ToyDenoiser

N = 240
TENSORS = ["conv_in.weight", "mid.attn1.to_k.weight", "mid.attn2.to_k.weight"]
IDS = [f"image{number:04d}" for number in range(N)]
MEMBER = pd.Series(np.arange(N) % 2 == 0, pd.Index(IDS, name="image_id"))


def losses(gaps: dict[int, float], draws: int = 2, seed: int = 0) -> pd.DataFrame:
    """A signal `denoise`: log losses of members lie lower by `gaps[timestep]`."""
    generator = np.random.default_rng(seed)
    parts = []
    for timestep, gap in gaps.items():
        for draw in range(draws):
            loss = np.exp(generator.normal(size=N) * 0.2 - gap * MEMBER.to_numpy())
            fields = {"timestep": timestep, "draw": draw, "condition": "caption"}
            parts.append(pd.DataFrame({**fields, "loss_caption": loss, "l1_caption": loss}, IDS))
    return pd.concat(parts).rename_axis("image_id")


def evidence(signals, images=None) -> Evidence:
    return Evidence(tuple(IDS), signals, images=images, seed=3)


def statistics(**columns) -> pd.DataFrame:
    return pd.DataFrame(
        {f"stat_{k}": v for k, v in columns.items()}, pd.Index(IDS, name="image_id")
    )


# The classifier on losses


def test_logistic_losses_solves_the_penalised_likelihood():
    """At the optimum: the residuals sum to 0, and each feature's pull equals its penalty."""
    found = evidence({"denoise": losses({100: 0.3, 500: 0.1})})
    attack = build_attack("logistic_losses", {"timesteps": [100, 500]}).fit(found, MEMBER)
    table = found.signals["denoise"]
    x = [
        np.log(table[table["timestep"] == t].groupby("image_id")["loss_caption"].mean())
        for t in (100, 500)
    ]
    x = np.stack([(values - values.mean()) / values.std(ddof=0) for values in x], axis=1)
    score = attack.score(found).loc[IDS].to_numpy()
    weights = np.linalg.lstsq(np.c_[np.ones(N), x], score, rcond=None)[0]
    residual = MEMBER.to_numpy() - 1 / (1 + np.exp(-score))
    assert residual.sum() == pytest.approx(0, abs=0.02)
    assert 0.1 * residual @ x == pytest.approx(weights[1:], abs=0.02)
    assert weights[1] < 0 and weights[1] < weights[2]


def test_forest_is_the_share_of_trees_and_knows_its_seed():
    found = evidence({"denoise": losses({100: 1.0})})
    row = {"attack": "logistic_losses", "timesteps": [100], "classifier": "forest"}
    attack = build_attack("forest", row)
    one, two = (attack.fit(found, MEMBER.iloc[:120]).score(found) for _ in range(2))
    assert one.between(0, 1).all()
    pd.testing.assert_series_equal(one, two)
    left = IDS[120:]
    assert auc(one.loc[left].to_numpy(), MEMBER.loc[left].to_numpy()) > 0.85


def test_several_weak_timesteps_tell_more_than_one():
    found = evidence({"denoise": losses(dict.fromkeys(range(100, 900, 100), 0.15), draws=1)})
    together = build_attack(
        "logistic_losses", {"timesteps": list(range(100, 900, 100)), "draws": 1}
    ).fit(found, MEMBER.iloc[:120])
    alone = build_attack("loss", {"timesteps": [100], "draws": 1})
    left, member = IDS[120:], MEMBER.iloc[120:].to_numpy()
    single = alone.score(found.only(alone.queries)).loc[left]
    assert auc(together.score(found).loc[left].to_numpy(), member) > auc(single.to_numpy(), member)


@pytest.mark.parametrize("setting", [1, 2, 12, 16])
def test_the_papers_classifier_reads_the_three_losses_of_a_setting(setting):
    """Features are the logs of what `dubinski` scores, and nothing more is asked than it asks."""
    ids = [f"image{number}" for number in range(4)]
    rng = np.random.default_rng(0)
    z0 = rng.standard_normal((4, *SHAPE)).astype(np.float32)
    pixels = rng.uniform(-1, 1, (4, 3, 16, 16)).astype(np.float32)
    attack = build_attack("dubinski_classifier", {"setting": setting, "draws": 2})
    captions = ["cat", "dog", "", "cat"]
    signals = measured(ToyDenoiser(), z0, captions, attack.queries, pixels=pixels)
    found = Evidence(tuple(ids), signals, alpha_bar=ALPHA_BAR)
    row = attack._features(found)
    visited = dubinski.Attack.default_grid(setting)
    assert row.shape == (4, 3 * len(visited))
    for loss in ("model", "latent", "pixel"):
        one = dubinski.Attack(setting, loss, visited[1], 2)
        alone = measured(ToyDenoiser(), z0, captions, one.queries, pixels=pixels)
        score = one.score(Evidence(tuple(ids), alone, alpha_bar=ALPHA_BAR))
        np.testing.assert_allclose(row[f"{loss} {visited[1]}"], np.log(-score), rtol=1e-9)
    others = [
        dubinski.Attack(setting, loss, t, 2) for loss in dubinski_settings.COLUMNS for t in visited
    ]
    assert evals_together([attack, *others]) == evals_together(others)


# Quantile regression


def test_quantile_without_any_feature_is_the_nonmembers_own_quantile():
    found = evidence({"denoise": losses({100: 0.5})}, statistics(mean=1.0))
    attack = build_attack("quantile", {"quantile": 0.25, "rounds": 1}).fit(found, MEMBER)
    log = np.log(found.signals["denoise"].groupby("image_id")["loss_caption"].mean())
    bar = np.quantile(log[~MEMBER], 0.25)
    np.testing.assert_allclose(attack.score(found), bar - log, atol=0.01)


def test_quantile_never_looks_at_members_and_takes_difficulty_out():
    """Busy images have losses e times as large; the members' are a little smaller."""
    busy = np.arange(N) // 2 % 2
    table = losses({100: 0.3})
    table["loss_caption"] *= np.exp(pd.Series(busy, IDS)).loc[table.index].to_numpy()
    found = evidence({"denoise": table}, statistics(busy=busy))
    attack = build_attack("quantile", {"quantile": 0.2}).fit(found, MEMBER)
    changed = table.copy()
    changed.loc[changed.index.isin(MEMBER.index[MEMBER]), "loss_caption"] = 9.0
    other = build_attack("quantile", {"quantile": 0.2}).fit(
        evidence({"denoise": changed}, found.images), MEMBER
    )
    pd.testing.assert_series_equal(attack.score(found), other.score(found))
    score = attack.score(found)
    assert (score[~MEMBER] > 0).mean() == pytest.approx(0.2, abs=0.06)
    plain = build_attack("loss", {}).score(found)
    assert auc(score.to_numpy(), MEMBER.to_numpy()) > auc(plain.to_numpy(), MEMBER.to_numpy()) + 0.1


# Stack


def contrast(gap: float) -> pd.DataFrame:
    """`denoise` under both: losses of no use, the change without caption larger for members."""
    generator = np.random.default_rng(2)
    hard = np.exp(generator.normal(size=N))
    change = 0.05 * generator.normal(size=N) + gap * MEMBER.to_numpy()
    columns = {"timestep": 450, "draw": 0, "condition": "both", "loss_caption": hard}
    return pd.DataFrame({**columns, "loss_null": hard + change}, pd.Index(IDS, name="image_id"))


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_stack_learns_from_every_signal(kind):
    """Each signal alone tells little of a member, both together more."""
    denoise, clean = losses({100: 0.2}, draws=1), losses({100: 0.2}, draws=1, seed=1)
    clean = clean.rename(columns={"loss_caption": "l2_clean"}).drop(columns="l1_caption")
    left, areas = IDS[160:], []
    for signals in ({"denoise": denoise}, {"denoise": denoise, "clean": clean}):
        found = evidence(signals)
        fitted = build_attack("stack", {"classifier": kind}).fit(found, MEMBER.iloc[:160])
        areas.append(auc(fitted.score(found).loc[left].to_numpy(), MEMBER.loc[left].to_numpy()))
    assert areas[1] > areas[0] > 0.5


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_stack_sees_what_a_contrast_shows_where_pictures_differ_in_difficulty(kind):
    found = evidence({"denoise": contrast(0.1)})
    fitted = build_attack("stack", {"classifier": kind}).fit(found, MEMBER.iloc[:160])
    left = IDS[160:]
    assert auc(fitted.score(found).loc[left].to_numpy(), MEMBER.loc[left].to_numpy()) > 0.85


def test_stack_asks_what_the_other_entries_ask_and_nothing_else():
    rows = {"stack": {}, "loss_ratio": {"timesteps": [999]}, "clid_null": {}, "pfami": {}}
    rows |= {
        "again": {"attack": "stack", "entries": ["pia"]},
        "pia": {},
        "coin": {},
        "quantile": {},
    }
    attacks = build_attacks(rows)
    read = ("clid_null", "pfami", "pia", "quantile")
    asked = {q for name in read for q in attacks[name].queries}
    assert set(attacks["stack"].queries) == asked - {Query("denoise", 450)}, "`both` answers it"
    assert set(attacks["again"].queries) == set(attacks["pia"].queries)
    assert evals_together(attacks.values()) == evals_together(
        attacks[name] for name in attacks if name not in ("stack", "again")
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"coin": {}}, "attacks.stack: expected other entries that query the model"),
        ({"pia": {}, "stack": {"entries": ["pi"]}}, "attacks.stack.entries: 'pi' .* 'pia'"),
        (
            {"pia": {}, "loss_ratio": {}, "stack": {"entries": ["loss_ratio"]}},
            "'loss_ratio' is no entry that queries the target's model alone",
        ),
    ],
)
def test_an_entry_that_stack_cannot_read_is_named(rows, said):
    with pytest.raises(ConfigError, match=said):
        build_attacks({"stack": {}, **rows})


def test_a_stack_needs_two_of_each_kind():
    found = evidence({"denoise": losses({100: 0.2})})
    with pytest.raises(ValueError, match="1 members and 1 nonmembers to learn from"):
        build_attack("stack", {}).fit(found, MEMBER.iloc[:2])


def test_features_are_logs_of_means_and_changes_of_the_loss_at_the_same_draw():
    """By hand: two draws under the caption, one of them asked without it too, and a crop."""
    index = pd.Index(["a"] * 3, name="image_id")
    place = {"timestep": 100, "draw": [0, 0, 1], "condition": ["both", "caption", "caption"]}
    denoise = pd.DataFrame({**place, "loss_caption": [2.0, 2.0, 4.0]}, index)
    denoise = denoise.assign(loss_null=[5.0, None, None], dot_x0_eps=-1.0)
    crop = {"timestep": 100, "draw": 1, "condition": "caption", "crop": 0.9}
    neighbours = pd.DataFrame({**crop, "loss_neighbour": 9.0}, index[:1])
    ssim = {"timestep": 50, "draw": 0, "condition": "caption", "kind": "step"}
    pictures = pd.DataFrame({**ssim, "ssim": -0.1}, index[:1])
    signals = {"denoise": denoise, "neighbours": neighbours, "reconstruction": pictures}
    fields = ("timestep", "draw", "condition", "crop", "kind")
    row = of_signals(signals, fields).loc["a"]
    assert row.to_dict() == pytest.approx(
        {
            "denoise loss_caption  100": np.log(3),
            "denoise loss_null  100": np.log(5),
            "denoise change_loss_null  100": 3.0,
            "neighbours loss_neighbour caption 0.9 100": np.log(9),
            "neighbours change_loss_neighbour caption 0.9 100": 5.0,
            "reconstruction ssim caption step 50": -0.1,
        }
    )
    answered = denoise.iloc[[0, 2]]  # the row under the caption is in that under both
    assert of_signals({**signals, "denoise": answered}, fields).loc["a"].equals(row)


def test_without_captions_changes_are_those_of_the_loss_without_one():
    """What a stack reads of a model that is told nothing."""
    index = pd.Index(["a"] * 2, name="image_id")
    place = {"timestep": 100, "draw": [0, 1], "condition": "null"}
    denoise = pd.DataFrame({**place, "loss_caption": np.nan, "loss_null": [2.0, 4.0]}, index)
    crop = {"timestep": 100, "draw": 1, "condition": "null", "crop": 0.9}
    signals = {
        "denoise": denoise,
        "neighbours": pd.DataFrame({**crop, "loss_neighbour": 9.0}, index[:1]),
    }
    further = (("crop", 0.9),)
    bare = [Query("denoise", 100, draw, "null") for draw in (0, 1)]
    asked = (*bare, Query("neighbours", 100, 1, "null", further))
    stack = build_attack("stack", {}).with_queries(asked)
    assert stack._features(evidence(signals)).loc["a"].to_dict() == pytest.approx(
        {
            "denoise loss_null  100": np.log(3),
            "neighbours loss_neighbour null 0.9 100": np.log(9),
            "neighbours change_loss_neighbour null 0.9 100": 5.0,
        }
    )


def test_another_caption_has_features_of_its_own():
    index = pd.Index(["a"] * 2, name="image_id")
    place = {"timestep": 100, "draw": 0, "condition": ["caption", "alt-blip"]}
    row = of_signals(
        {"denoise": pd.DataFrame({**place, "loss_caption": [2.0, 5.0]}, index)},
        ("timestep", "draw", "condition"),
    ).loc["a"]
    assert row["denoise change_loss_caption alt-blip 100"] == 3.0
    assert row["denoise loss_caption alt-blip 100"] == pytest.approx(np.log(5))


def test_a_stack_reads_no_column_twice():
    """A row with the cosine answers the one without; one under `both`, that under the caption."""
    plain, cosine = {"measure": "ssim", "draws": 1}, {"measure": "cosine", "draws": 1}
    entries = {
        "plain": {"attack": "generation_similarity", **plain},
        "cosine": {"attack": "generation_similarity", **cosine},
        "loss": {"draws": 1},
        "clid_null": {"timesteps": [100], "draws": 1},
    }
    built = build_attacks({**entries, "stack": {}})
    asked = {*built["stack"].queries}
    assert asked == {*built["cosine"].queries, Query("denoise", 100, condition="both")}
    assert {*built["loss"].queries} == {Query("denoise", 100)}, "or nothing was left out"
    alone = build_attacks({"plain": entries["plain"], "stack": {}})
    assert {*alone["stack"].queries} == {*built["plain"].queries}


def test_a_feature_that_a_draw_lacks_counts_as_average():
    both = contrast(0.1)
    more = both.assign(draw=1, condition="caption", loss_null=np.nan)
    found = evidence({"denoise": pd.concat([both, more])})
    fitted = build_attack("stack", {}).fit(found, MEMBER)
    score = fitted.score(found.of_draw(1))
    assert np.isfinite(score).all() and sorted(score.index) == IDS


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("logistic_losses", {"classifier": "boosting"}, "must be one of logistic, forest"),
        ("dubinski_classifier", {"setting": 17}, "setting must be one of 1, 2"),
        ("dubinski_classifier", {"draws": 0}, "draws must be a whole number from 1 up, got 0"),
        ("stack", {"classifier": "forest"}, "must be one of logistic, boosting"),
        ("stack", {"condition": "null"}, "attack 'stack' has no parameter 'condition'"),
        ("quantile", {"quantile": 1.0}, "quantile must be between 0 and 1, got 1.0"),
    ],
)
def test_bad_parameters_are_named(name, row, said):
    with pytest.raises(ValueError, match=said):
        build_attack(name, row)


# Nothing of the evaluation fold reaches `fit`


TRAINED = {
    "logistic_losses": {"timesteps": [100]},
    "forest": {"attack": "logistic_losses", "timesteps": [100], "classifier": "forest"},
    "clid_th": {},
    "clid_vec": {},
    "clid_vec_network": {"attack": "clid_vec", "classifier": "network"},
    "pfami_nns": {"timesteps": [100, 200], "crops": [0.9, 0.8]},
    "secmi_nns": {},
    "dubinski_classifier": {"draws": 1},
    "quantile": {},
    "cdi": {},
    "cdi_grey": {"attack": "cdi", "grey": True},
    "gsa1": {},
    "gsa2": {},
    "gsa2_boosting": {"attack": "gsa2", "classifier": "boosting", "layers": "no-cross"},
    "lsa": {},
    "trajectory": {},
    "strength_curve": {},
    "strength_curve_cosine": {"attack": "strength_curve", "measure": "cosine"},
    "pang_wang": {},
    "pang_wang_cosine": {"attack": "pang_wang", "cosine": True},
    "pang_wang_threshold": {"attack": "pang_wang", "kind": "threshold", "draws": 2},
    "pang_wang_distribution": {"attack": "pang_wang", "kind": "distribution", "draws": 1},
    "stack": {},
    "stack_boosting": {"attack": "stack", "classifier": "boosting"},
    "loss_auto": {"attack": "loss", "timesteps": "auto", "grid": [100, 500], "draws": 2},
    "blind_image": {},
    "blind_caption": {},
    "blind_surface": {},
    "blind_metadata": {},
    "blind_source": {},
    "blind_all": {},
    "blind_embedding": {},
    "blind_text": {},
    "both_embeddings": {"attack": "blind_all", "channels": ["image", "embedding", "text"]},
}


def asked(name, row):
    """The queries of an attack; of one that stacks others, two of the loss."""
    attack = build_attack(name, row)
    return grid("denoise", (100,), 2) if isinstance(attack, Stacks) else attack.queries


def test_every_attack_that_learns_is_tried_below():
    modules = {name: importlib.import_module(f"mia.attacks.{name}") for name in known_attacks()}
    learning = {name for name, module in modules.items() if hasattr(module.Attack, "fit")}
    assert learning <= {row.get("attack", name) for name, row in TRAINED.items()}


def scored(folder, name, row, monkeypatch, spoil=lambda table, unseen: table, blocks=1):
    """Run the stage; `spoil` changes labels, signals and images of the last block.

    The only block is the evaluation fold.
    """
    number = np.arange(N) // 2
    fold = np.where(number % 2 == 0, "calibration", "evaluation")
    block = number % 2 - 1 if blocks == 1 else number % blocks
    membership = pd.DataFrame(
        {"set": "s", "key": IDS, "image_id": IDS, "member": MEMBER.to_numpy()}
    )
    membership = membership.assign(group=IDS, fold=fold, block=block, kept=True, reason="")
    last = set(membership.loc[block == blocks - 1, "image_id"])
    manifest = statistics(mean=np.random.default_rng(1).random(N)).reset_index()
    rng = np.random.default_rng(2)
    manifest = manifest.assign(
        key=IDS,
        group=IDS,
        caption=[f"a cat {i % 3}" for i in range(N)],  # common ones: captions move no group
        url=[f"http://a{i % 5}.org/{i}" for i in range(N)],
        format="PNG",
        mode="RGB",
        **{name: rng.integers(1, 99, N) for name in ("width", "height", "bytes", "jpeg_quality")},
        jpeg_sampling=2,
        has_exif=False,
    )
    files = {"membership.parquet": membership, "images/s/manifest.parquet": manifest}
    fields = {}
    for query in asked(name, row):
        own = pd.DataFrame({"key": IDS, "image_id": IDS, **query.fields()})
        signal = importlib.import_module(f"mia.signals.{query.signal}")
        measures, more = signal.MEASURES, MEMBER.to_numpy()[:, None] / 9
        values = pd.DataFrame(rng.random((N, len(measures))) + more).set_axis(measures, axis=1)
        for column in signal_traits(signal).lists:
            values[column] = list(rng.random((N, len(TENSORS))) + more)
        path = f"queries/m/s/{query.path}.parquet"
        files[path], fields[path] = own.join(values), list(query.fields())
    for channel in traits_of(build_attack(name, row)).needs_embeddings:
        vectors = [vector.tobytes() for vector in rng.random((N, 4), np.float32)]
        table = pd.DataFrame({"key": IDS, "image_id": IDS, "embedding": vectors})
        files[f"images/s/embeddings/e/{channel}/000.parquet"] = table
    for path, table in files.items():
        about = {"set": "s", "fields": fields.get(path), "devices": ["cpu"], "repeats": []}
        table = spoil(table.reset_index(drop=True).copy(), table["image_id"].isin(last))
        storage.write(table, folder / path, about)
    kept, fit = [], type(build_attack(name, row)).fit

    def watched(attack, given, member):
        kept.append((given, member))
        return fit(attack, given, member)

    monkeypatch.setattr(type(build_attack(name, row)), "fit", watched)
    settings = {"name": name, "entry": row, "seed": 5}
    if isinstance(build_attack(name, row), Stacks):
        settings["queries"] = dump(asked(name, row))
    about = {"alpha_bar": ALPHA_BAR.tolist(), "tensors": TENSORS}
    storage.write_json(about, folder / "model.json")
    argv = ["score", "--settings", json.dumps(settings), "--target", "t"]
    argv += ["--model", str(folder / "model.json")]
    argv += ["--membership", str(folder / "membership.parquet")]
    if build_attack(name, row).queries:
        argv += ["--signals", *(str(folder / path) for path in sorted(fields))]
    argv += ["--manifests", str(folder / "images/s/manifest.parquet")]
    argv += ["--embeddings", *map(str, sorted(folder.glob("images/s/embeddings/e/*/000.parquet")))]
    argv += ["--output", str(folder / "score.parquet")]
    monkeypatch.setattr(sys, "argv", argv)
    stage.main()
    seen = kept[-1]
    return storage.read(folder / "score.parquet"), storage.metadata(folder / "score.parquet"), seen


KEPT = ("set", "key", "image_id", "group", "fold", "block", "kept")
KEPT += ("timestep", "draw", "condition", "variant", "crop", "map", "step")


def spoil(table, unseen):
    """Change everything but who an image is and where it stands."""
    for column in table.columns.difference(KEPT):
        value = table[column].iloc[0]
        if isinstance(value, np.ndarray):
            cells = zip(table[column], unseen, strict=True)
            table[column] = [np.ones_like(cell) if spoilt else cell for cell, spoilt in cells]
            continue
        text = {str: "http://spoilt.net", bytes: np.full(4, 9, np.float32).tobytes()}
        table.loc[unseen.to_numpy(), column] = text.get(type(value), np.ones_like(value))
    return table


@pytest.mark.parametrize("name", TRAINED)
def test_evaluation_rows_cannot_leak_into_fit(name, tmp_path, monkeypatch):
    clean = scored(tmp_path / "clean", name, TRAINED[name], monkeypatch)
    monkeypatch.undo()
    spoilt = scored(tmp_path / "spoilt", name, TRAINED[name], monkeypatch, spoil)
    table, about, (given, member) = clean
    assert about == spoilt[1] and about["trained"]
    calibration = [i for number, i in enumerate(IDS) if number // 2 % 2 == 0]
    assert set(about["fit_image_ids"]) <= set(calibration)
    assert list(member.index) == about["fit_image_ids"]
    for found in (*given.signals.values(), *given.reference.values(), given.images):
        assert found is None or set(found.index) <= set(about["fit_image_ids"])
    rows = table["image_id"].isin(calibration)
    pd.testing.assert_frame_equal(table[rows], spoilt[0][rows])


@pytest.mark.parametrize("name", TRAINED)
def test_a_block_cannot_leak_into_the_scores_of_earlier_ones(name, tmp_path, monkeypatch):
    clean = scored(tmp_path / "clean", name, TRAINED[name], monkeypatch, blocks=3)
    monkeypatch.undo()
    spoilt = scored(tmp_path / "spoilt", name, TRAINED[name], monkeypatch, spoil, blocks=3)
    table, about, (given, member) = clean
    assert about == spoilt[1] and about["trained"] and not about["fit_image_ids"]
    block = pd.Series(np.arange(N) // 2 % 3, IDS)
    assert list(table["block"]) == list(block)
    assert (table["score"].isna() == (table["block"] == 0)).all()
    learnt_from = set(block.index[block < 2])
    assert set(member.index) == learnt_from
    for found in (*given.signals.values(), *given.reference.values(), given.images):
        assert found is None or set(found.index) <= learnt_from
    earlier = table["block"] < 2
    pd.testing.assert_frame_equal(table[earlier], spoilt[0][earlier])


def test_a_stack_is_told_its_queries_and_says_how_many(tmp_path, monkeypatch):
    _, about, _ = scored(tmp_path, "stack", {}, monkeypatch)
    assert about["fitted"] == {"queries": 2, "features": 10}


def test_the_score_of_each_draw_stands_beside_the_score(tmp_path, monkeypatch):
    table, _, _ = scored(tmp_path, "loss_auto", TRAINED["loss_auto"], monkeypatch)
    assert list(table) == ["image_id", "score", "draw_0", "draw_1"]
    assert table["score"].to_numpy() == pytest.approx(table[["draw_0", "draw_1"]].mean(axis=1))
