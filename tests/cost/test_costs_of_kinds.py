"""What `make cost` says of targets that ask no model."""

from mia.config.read import read
from mia.cost.disk import pictures
from mia.cost.kinds import free_targets

CONFIG = {
    "results": "r",
    "image_sets": {
        "a": {"source": "folder", "path": "a"},
        "b": {"source": "folder", "path": "b"},
        "words": {"source": "captions", "path": "words.csv"},
    },
    "models": {"mine": {"source": "path", "path": "m"}},
    "targets": {
        "full": {"model": "mine", "members": "a", "nonmembers": "b"},
        "judged": {"members": "a", "nonmembers": "b"},
        "published": {"scores": "scores.csv"},
    },
    "attacks": {"loss": {}, "blind_caption": {}},
}


def test_evals_are_a_dash_with_its_reason_where_no_model_is_asked():
    assert free_targets(read(CONFIG)) == [
        "target judged (audit only): evals –: it has no model; its sets are fetched and judged on "
        "the CPU",
        "target published (scores only): evals –: its scores were made elsewhere; they are "
        "evaluated on the CPU",
    ]


def test_captions_alone_write_no_image(tmp_path):
    spec = read(CONFIG).config["image_sets"]["words"]
    assert [line.what for line in pictures("words", spec, tmp_path)] == ["manifest words"]
