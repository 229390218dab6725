"""What blind channels read, worked out by hand, and that nothing to see is no crash."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from made_images import images
from mia.blind import metadata, source, stack, surface
from mia.config.attacks import build_attack
from mia.config.errors import ConfigError
from mia.evidence import Evidence

BLIND = [f"blind_{name}" for name in (*stack.CHANNELS, "all")]


def test_the_surface_of_a_caption():
    rows = pd.DataFrame({"caption": ["Ü “A” it's  No 42.", None, ""]})
    found = (
        surface.features(rows).add_prefix("").rename(columns=lambda c: c.removeprefix("caption_"))
    )
    expected = {
        "length": 18,
        "words": 5,
        "digits": 2,
        "non_ascii": 3,
        "punctuation": 2,
        "straight_quotes": 1,
        "curly_quotes": 2,
        "wide_spaces": 1,
        "capitals": 3,
        "word_length": 13 / 5,
        "starts_capital": 1,
        "ends_stop": 1,
    }
    assert found.iloc[0].to_dict() == expected
    assert (found.iloc[1:] == 0).all(axis=None)


def test_the_file_of_a_picture():
    rows = pd.DataFrame(
        {
            "width": [40, 30],
            "height": [20, 30],
            "bytes": [1600, 900],
            "jpeg_quality": pd.array([90, None], "Int64"),
            "jpeg_sampling": pd.array([-1, None], "Int64"),
            "has_exif": [1, 0],
            "format": ["JPEG", "PNG"],
            "mode": ["L", "RGBA"],
        }
    )
    found = metadata.features(rows)
    assert found["aspect"].tolist() == [2, 1]
    assert found["bytes_per_pixel"].tolist() == [2, 1]
    assert found["jpeg_quality"].tolist() == [90, 0]
    flags = [
        [name for name in found.filter(regex="format_|mode_") if row[name]]
        for _, row in found.iterrows()
    ]
    assert flags == [["format_jpeg", "mode_grey"], ["format_png", "mode_alpha"]]


def test_the_host_of_an_address():
    urls = ["http://A.b.org/x", "http://10.0.0.1:8/x", "data/a.png", "", None]
    assert source.features(pd.DataFrame({"url": urls})).tolist() == [
        "org b.org a.b.org",
        "1 0.1 0.0.1 10.0.0.1",
        *["nowhere"] * 3,
    ]


@pytest.mark.parametrize("name", BLIND)
def test_nothing_to_see_is_at_chance(name):
    """Empty captions, one kind of file, no addresses, plain images."""
    rows = images(30).assign(caption="", url=None, format="PNG", mode="RGB", has_exif=0)
    rows = rows.assign(width=72, height=72, bytes=500, jpeg_quality=None, jpeg_sampling=None)
    rows = rows.assign(**dict.fromkeys(rows.filter(regex="^stat_"), 0.5))
    score = fit_and_score(name, rows)
    assert score.nunique() == 1


PLANTED = {
    "blind_caption": lambda rows: {"caption": rows["caption"].where(~rows["member"], "seen")},
    "blind_surface": lambda rows: {
        "caption": rows["caption"] + rows["member"].map({True: "!", False: ""})
    },
    "blind_image": lambda rows: {"stat_edges": rows["stat_edges"] + rows["member"]},
    "blind_metadata": lambda rows: {"width": rows["width"] + 600 * rows["member"]},
    "blind_source": lambda rows: {
        "url": "http://x." + rows["member"].map({True: "com", False: "org"})
    },
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_channel_sees_its_own_difference_and_the_stack_sees_each(name):
    rows = images(60)
    rows = rows.assign(**PLANTED[name](rows))
    seen = rows["fold"] == "evaluation"
    member = rows["member"]
    for attack in (name, "blind_all"):
        assert roc_auc_score(member[seen], fit_and_score(attack, rows)[seen]) > 0.95, attack


def test_the_stack_learns_from_scores_out_of_fold():
    """A caption that names each row fits perfectly and tells nothing: it must get no weight."""
    rows = images(100).assign(caption=[f"{n * n}" for n in range(200)])
    found = stack.fit(rows, rows["member"], 0, ("caption", "image"))
    inside = roc_auc_score(rows["member"], found.classifiers["image"].log_odds(rows))
    outside = roc_auc_score(rows["member"], found.out_of_fold["image"])
    assert inside > 0.95
    assert 0.35 < outside < 0.65


def test_kin_are_never_in_two_folds_of_the_stack():
    rows = images(48)
    group = pd.Series(np.repeat(rows.index[::4], 4), rows.index)
    fold = stack._folds(group, rows["member"], seed=3)
    assert fold.groupby(group).nunique().max() == 1
    assert fold.nunique() == stack.FOLDS
    assert fold.groupby(rows["member"]).value_counts().max() == 12
    shuffled = rows.sample(frac=1, random_state=0).index
    assert stack._folds(group[shuffled], rows["member"][shuffled], 3)[rows.index].equals(fold)


def test_a_stack_of_unknown_channels_is_refused():
    with pytest.raises(ConfigError, match="channels must be one of caption, surface"):
        build_attack("blind_all", {"channels": ["caption", "smell"]})


def test_a_stack_of_one_word_means_all():
    with pytest.raises(ConfigError, match="channels must be one of all, got 'caption'"):
        build_attack("blind_all", {"channels": "caption"})
    assert build_attack("blind_all", {"channels": "all"}) == build_attack("blind_all", {})


def fit_and_score(name, rows):
    evidence = Evidence(tuple(rows.index), images=rows, seed=0)
    fitted = build_attack(name, {}).fit(evidence, rows.loc[rows["fold"] == "calibration", "member"])
    return fitted.score(evidence)
