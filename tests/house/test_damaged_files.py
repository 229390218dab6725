"""A bit that flips in a stored file is an error that names it, or changes nothing."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import made_up_results
from mia import checksums, seal, storage
from mia.commands import docs, results
from mia.evaluation import answer_rows
from mia.fingerprint import PACKAGE
from mia.images import archive
from mia.measuring.ledger import Ledger
from mia.models import latents_file
from mia.models.training.ledger import HASHES, kept_training
from mia.models.weights import require_described
from mia.report.figures.shared.files import write_figures
from mia.report.figures.shared.style import message
from mia.report.pages import details, inline_figures
from mia.report.pages.pictures import png_uri
from mia.seal import DamagedFile, UnreadableFile

FLIPS = 150
WORDS = ("one", "two", "three", "")


def rows(count=40):
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "key": [f"{n:016x}" for n in range(count)],
            "image_id": [random.bytes(32).hex() for _ in range(count)],
            "caption": pd.array(random.choice(WORDS, count), dtype="string"),
            "status": pd.array([None, "success"] * (count // 2), dtype="string"),
            "bytes": pd.array([None, 5] * (count // 2), dtype="Int64"),
            "kept": random.random(count) < 0.5,
            "thumbnail": [random.bytes(12) for _ in range(count)],
            "loss": random.standard_normal(count),
        }
    )


def download(path):
    return storage.read(path), dict(archive.contents(path.with_name("pictures.tar")))


def table(path):
    return storage.read(path), storage.metadata(path)


def picture(path):
    return dict(archive.unpack(path, HASHES_OF_TAR))


def z0(path):
    keys, image_ids = latents_file.images(path)
    return keys, image_ids, latents_file.z0(path, range(len(keys))).tolist()


def png(path):
    """The pixels; what stands behind them is of no weight."""
    data = base64.b64decode(png_uri(path).partition(",")[2])
    return Image.open(io.BytesIO(data)).tobytes()


def weights(path):
    return require_described({"folder": path.parent, "files": {path.name: WEIGHTS}}, "model.json")


PICTURES = [(f"{n:016x}", np.random.default_rng(n).bytes(300)) for n in range(4)]
HASHES_OF_TAR, WEIGHTS = {}, ""


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Kind of file to its path and how it is read."""
    global WEIGHTS
    folder = tmp_path_factory.mktemp("stored")
    made_up_results.build(folder / "results")
    first = {
        kind: (sorted((folder / "results").glob(pattern))[0], table)
        for kind, pattern in {
            "query": "queries/*/*/*/*.parquet",
            "score": "scores/*/*.parquet",
            "membership": "targets/*/membership.parquet",
            "pairs": "images/*/pairs.parquet",
            "manifest": "images/*/manifest.parquet",
        }.items()
    }
    storage.write(rows(), folder / "signal.parquet", {"model": "m", "weights": "w"})
    storage.write(rows()[["key", "status", "image_id"]], folder / "downloads.parquet")
    storage.write(rows()[["key", "thumbnail"]], folder / "embeddings.parquet")
    storage.write(rows().iloc[:0], folder / "empty.parquet")
    made = {name: (folder / f"{name}.parquet", table) for name in ("signal", "downloads")}
    made |= {name: (folder / f"{name}.parquet", table) for name in ("embeddings", "empty")}
    for kind, pattern in {"metrics": "metrics/*/*.json", "audit": "audit/*.json"}.items():
        made[kind] = (sorted((folder / "results").glob(pattern))[0], storage.read_json)
    of_targets = ("pairwise", "set_test", "answers", "detections", "compare", "generated")
    for name in ("summary", "metrics", *of_targets):
        made[f"{name}.csv"] = (folder / f"results/tables/{name}.csv", details.read_cells)
    made["checksums"] = (folder / "results/tables" / checksums.NAME, storage.read_json)
    made["samples"] = (sorted((folder / "results/training").rglob("samples.png"))[0], png)
    write_figures({"roc": (message("nothing"), "a title", "in words")}, [folder / "t-roc.svg"])
    made["figure"] = (folder / "t-roc.svg", lambda path: inline_figures.read(path, "t-"))
    made["model"] = (sorted((folder / "results/models").rglob("model.json"))[0], storage.read_json)
    ids = [name for name, _ in PICTURES]
    values = np.random.default_rng(0).standard_normal((4, 2, 3, 3)).astype(np.float32)
    latents_file.write(values, ids, ids, folder / "z0.safetensors")
    HASHES_OF_TAR.update(archive.pack(PICTURES, folder / "pictures.tar"))
    (folder / "weights.safetensors").write_bytes(PICTURES[0][1])
    WEIGHTS = HASHES_OF_TAR[PICTURES[0][0]]
    made["latents"] = (folder / "z0.safetensors", z0)
    made["pictures"] = (folder / "pictures.tar", picture)
    made["weights"] = (folder / "weights.safetensors", weights)
    return first | made


KINDS = [
    *("query", "signal", "score", "membership", "pairs", "manifest", "downloads", "embeddings"),
    *("empty", "metrics", "audit", "model", "latents", "pictures", "weights", "checksums"),
    *("summary.csv", "metrics.csv", "pairwise.csv", "set_test.csv", "answers.csv"),
    *("detections.csv", "compare.csv", "generated.csv", "samples", "figure"),
]


def flipped(data, seed, count=FLIPS):
    """Copies of a file with one bit flipped: half of them anywhere, half near its two ends."""
    random = np.random.default_rng(seed)
    anywhere = random.integers(0, len(data), count)
    ends = np.concatenate([random.integers(0, 900, count), -random.integers(1, 900, count)])
    places = np.where(np.arange(count) % 2, anywhere, random.choice(ends, count))
    for place in places % len(data):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(random.integers(8))
        yield bytes(damaged)


def same(one, other):
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):  # a flip in the seal's own key leaves a key more
        return all(other.get(key) == value for key, value in one.items())
    return one.equals(other) if isinstance(one, pd.DataFrame) else one == other


@pytest.mark.parametrize("kind", KINDS)
def test_no_flipped_bit_is_read_in_silence(kind, stored, tmp_path):
    path, read = stored[kind]
    expected, noticed = read(path), 0
    for number, data in enumerate(flipped(path.read_bytes(), seed=KINDS.index(kind))):
        damaged = tmp_path / str(number) / path.name
        damaged.parent.mkdir()
        damaged.write_bytes(data)
        if path.suffix == ".csv":
            shutil.copy(path.with_name(checksums.NAME), damaged.parent)
        try:
            found = read(damaged)
        except UnreadableFile as error:
            noticed += 1
            assert str(damaged) in str(error) and "run again" in str(error)
            assert "\n" not in str(error)
        else:
            assert same(expected, found), f"byte {number} of {kind} changed in silence"
    assert noticed > FLIPS / 3


@pytest.mark.parametrize("kind", ["query", "metrics", "latents", "pictures"])
@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.2])
def test_a_file_that_is_cut_is_named(kind, share, stored, tmp_path):
    path, read = stored[kind]
    data, cut = path.read_bytes(), tmp_path / path.name
    cut.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UnreadableFile, match=r"run again"):
        read(cut)


def test_a_damaged_segment_of_the_ledger_is_left_out_with_a_warning(tmp_path, capsys):
    ledger = Ledger(tmp_path / "ledger")
    keys = rows()[["image_id"]].assign(input_hash="h", query="q", loss=1.5)
    ledger.append("denoise", keys, {"fingerprint": "f", "device": "cpu"})
    (segment,) = (tmp_path / "ledger").glob("*.parquet")
    whole = ledger.read("denoise", "f")
    for data in flipped(segment.read_bytes(), seed=1, count=40):
        segment.write_bytes(data)
        found = ledger.read("denoise", "f")
        assert found.empty or same(whole, found)
        assert f"{segment}: damaged; its rows are measured again" in capsys.readouterr().err


def test_a_damaged_training_is_trained_anew_with_a_warning(tmp_path, capsys):
    def make(folder):
        made.append(folder)
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints/weights.safetensors").write_bytes(PICTURES[1][1])
        (folder / "samples.png").write_bytes(PICTURES[2][1])

    made = []
    kept = kept_training(tmp_path, "key", make)
    for number, name in enumerate(["checkpoints/weights.safetensors", "samples.png", HASHES]):
        whole = (kept / name).read_bytes()
        for data in flipped(whole, seed=number, count=3):
            (kept / name).write_bytes(data)
            before = len(made)
            assert kept_training(tmp_path, "key", make) == kept
            assert (kept / name).read_bytes() == whole and len(made) == before + 1
            assert f"{kept / name}: damaged" in capsys.readouterr().err
    assert kept_training(tmp_path, "key", make) == kept
    assert capsys.readouterr().err == ""
    (kept / HASHES).unlink()  # as an older run left it
    assert kept_training(tmp_path, "key", make) == kept and not capsys.readouterr().err


def test_a_damaged_table_is_neither_shown_nor_put_into_a_page(tmp_path):
    """Also where a CSV, which cannot hold a checksum, or the checksums themselves are damaged."""
    written = {name: tmp_path / f"tables/summary.{name}" for name in ("csv", "md")}
    for path in written.values():
        storage.write_text("attack,auc\nloss,0.63\n", path)
    written["answers"] = tmp_path / "tables/answers.csv"
    row = dict.fromkeys(answer_rows.COLUMNS, "0.63") | {"target": "fair", "answer": "Used"}
    row |= {"n_nonmember": "3000", "headline_limit": "0.01"}
    storage.write_text(pd.DataFrame([row]).to_csv(index=False), written["answers"])
    storage.write_json({"target": "fair", "sentence": "FAIR: alike"}, tmp_path / "audit/fair.json")
    storage.write_text("<html></html>", tmp_path / "report.html")
    checksums.write(written.values(), tmp_path / "tables" / checksums.NAME)
    assert "AUC 0.63" in results.shown(tmp_path, 0.95)
    for path in (written["answers"], tmp_path / "tables" / checksums.NAME):
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"6", b"8", 1))
        with pytest.raises(SystemExit, match=rf"error: {path}: damaged: .* rm {path}, then run"):
            results.shown(tmp_path, 0.95)
        path.write_bytes(whole)
    written["csv"].write_text("attack,auc\nloss,0.83\n")
    with pytest.raises(DamagedFile, match=rf"{written['csv']}: damaged: .* run again"):
        docs.with_results(tmp_path, "README.md", written["md"])


def test_what_an_older_run_wrote_is_read(tmp_path):
    """Tables, JSON and latents without a checksum."""
    expected = rows()
    pq.write_table(pa.Table.from_pandas(expected, preserve_index=False), tmp_path / "old.parquet")
    assert storage.read(tmp_path / "old.parquet").equals(expected)
    (tmp_path / "old.json").write_text(json.dumps({"auc": 0.5}))
    assert storage.read_json(tmp_path / "old.json") == {"auc": 0.5}
    from safetensors.numpy import save_file

    held = {"key": '["k"]', "image_id": '["i"]'}
    save_file({"z0": np.ones((1, 1, 2, 2), np.float32)}, tmp_path / "old.safetensors", held)
    assert z0(tmp_path / "old.safetensors") == (["k"], ["i"], np.ones((1, 1, 2, 2)).tolist())


@pytest.mark.parametrize("kind", ["query", "metrics", "latents"])
def test_equal_content_gives_equal_sealed_bytes_in_every_process(kind, tmp_path):
    code = {
        "query": "storage.write(pd.DataFrame({'a': [1.5], 'b': ['x']}), path, {'k': 1})",
        "metrics": "storage.write_json({'b': 1, 'a': [2.5]}, path)",
        "latents": "latents_file.write(np.ones((1, 1, 2, 2), np.float32), ['k'], ['i'], path)",
    }[kind]
    begin = "import sys; path = sys.argv[1]; import numpy as np, pandas as pd\n"
    begin += "from mia import storage\nfrom mia.models import latents_file\n"
    for name in ("one", "two", "three"):
        command = [sys.executable, "-c", begin + code, str(tmp_path / name)]
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONHASHSEED": "random"}
        subprocess.run(command, check=True, env=environment)
    one, *others = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert all(other == one for other in others)
    assert seal.UNSEALED.encode() not in one and seal.KEY.encode() in one


def test_pages_have_checksums_for_other_readers_too(stored):
    path, _ = stored["manifest"]
    assert pq.read_table(path, page_checksum_verification=True).num_rows == len(storage.read(path))
    data = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    data[start + column.total_compressed_size - 5] ^= 1
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(pa.BufferReader(bytes(data)), page_checksum_verification=True)


STAGES = {
    "gather": {"set": "s", "folder": "out"},
    "evaluate": {"target": "t", "attack": "a", "settings": "{}"},
    "measure": {"shard": "0", "settings": '{"parts": ["p"]}', "threads": "1"},
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_says_it_in_one_line(stage, stored, tmp_path):
    """Whatever the stage, and wherever in it the file is read."""
    from mia.query import Query, dump

    kind = {"gather": "signal", "evaluate": "score", "measure": "model"}[stage]
    path = tmp_path / "denoise" / f"000{stored[kind][0].suffix}"
    path.parent.mkdir()
    data = bytearray(stored[kind][0].read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    known, options = str(path), dict(STAGES[stage])
    if stage == "gather":
        options |= {"model": str(stored["model"][0]), "signals": str(tmp_path)}
        settings = {"queries": dump([Query("denoise", 100)]), "shards": ["000"]}
        options["settings"] = json.dumps(settings)
    if stage == "evaluate":
        member = str(stored["membership"][0])
        options |= {"score": known, "membership": member, "output": str(tmp_path / "o")}
    if stage == "measure":
        others = ("manifest", "latents", "ledger", "output")
        options |= {"model": known, **dict.fromkeys(others, str(tmp_path / "none"))}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    ended = subprocess.run(
        [sys.executable, "-m", f"mia.stages.{stage}", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {path}: damaged: its checksum is ")
    assert ended.stderr.count("\n") == 1 and f"rm {path}, then run again" in ended.stderr


def test_a_model_whose_weights_changed_since_its_training_is_not_described(tmp_path):
    from mia.stages.model import require_as_trained

    index = tmp_path / "index.json"
    storage.write_json({"checkpoints": {"3": {"folder": "c", "weights": "aa"}}}, index)
    require_as_trained({"weights": "aa", "folder": "c"}, index, "3")
    with pytest.raises(DamagedFile, match=r"index\.json: damaged: the weights in c"):
        require_as_trained({"weights": "bb", "folder": "c"}, index, "3")


def test_a_damaged_checkpoint_is_mended_in_one_round(tmp_path):
    """Without its index a checkpoint is taken from the ledger again, and then described again."""
    folder = tmp_path / "training/x/checkpoints/epoch-0003"
    (folder / "unet").mkdir(parents=True)
    (folder / "unet/w.safetensors").write_bytes(PICTURES[0][1])
    model = {"source": "training", "folder": str(folder), "files": {"unet/w.safetensors": "aa"}}
    with pytest.raises(UnreadableFile) as error:
        require_described(model, tmp_path / "models/x/model.json")
    assert f"anew: rm {tmp_path}/training/x/index.json, then run" in str(error.value)
    with pytest.raises(UnreadableFile, match=r"another model: rm models/x/model\.json, then run"):
        require_described({**model, "source": "path"}, "models/x/model.json")


def test_a_table_may_be_anywhere(tmp_path):
    """A path with a blank is quoted in the command."""
    path = Path(tmp_path, "my results", "t.parquet")
    storage.write(rows(), path)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DamagedFile, match=r"rm '.*my results/t\.parquet'"):
        storage.read(path)


# Reads tables that people give, or the ledger, whose segments are named by their own hash.
OTHER_READERS = {
    "given/table.py",
    "images/sources/shared/parquet_file.py",
    "measuring/ledger.py",
    "storage.py",
    "targets/known_vectors.py",
}
# Files of models, who is at work, and what only saves time.
OTHER_JSON = {
    "models/model_json.py",
    "measuring/speed.py",
    "fingerprint.py",
    "given/remembered_hashes.py",
    "runs.py",
    "storage.py",
}
# Text and bytes of what is checked here, of what people or packages give, and of notes.
OTHER_TEXT = {
    *OTHER_JSON,
    "checksums.py",
    "measuring/ledger.py",
    "report/pages/inline_figures.py",
    "report/pages/pictures.py",
    "config/schema.py",
    "config/yaml_file.py",
    "images/sources/shared/exclusion.py",
    "images/sources/shared/folder_captions.py",
    "images/sources/shared/openmoji.py",
    "given/csv_records.py",
    "config/results_folder.py",
    "commands/docs.py",
    "commands/documentation/family_matrix.py",  # tests of the checkout
    "images/download/files.py",
    "report/figures/shared/shelf.py",
    "stages/report.py",  # texts of docs
}


def test_no_other_module_reads_stored_files_by_itself():
    """Else it would read them without looking at their checksum."""
    parquet = re.compile(r"read_table|read_schema|read_parquet|ParquetFile\(|open_file\(")
    text_of = re.compile(r"(?:read_csv|csv\.reader|DictReader)\((?!io\.)|\.read_(?:text|bytes)\(")
    of_json = re.compile(r"json\.loads?\([^)]*(read_text|open\()")
    for path in PACKAGE.rglob("*.py"):
        name, text = path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")
        own = name.startswith("commands/benchmarks/")
        own |= name == "images/download/run_img2dataset.py"
        assert own or name in OTHER_READERS or not parquet.search(text), name
        assert own or name in OTHER_JSON or not of_json.search(text), name
        assert own or name in OTHER_TEXT or not text_of.search(text), name
