"""What the terminal says of targets before and after a change."""

import pandas as pd
import pytest

from mia.commands.change_lines import MOST, change_lines
from mia.evaluation.before_after import COLUMNS


@pytest.fixture
def table(tmp_path):
    def write(*rows):
        path = tmp_path / "compare.csv"
        pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)
        return path

    return write


def row(attack, direction, **cells):
    numbers = {"n_member": 9, "n_nonmember": 9, "auc_before": 0.8, "auc_after": 0.6}
    numbers |= {"change": -0.2, "low": -0.3, "high": -0.1, "within": 0.28}
    names = {"comparison": "defence", "before": "plain", "after": "safe", "attack": attack}
    return {**dict.fromkeys(COLUMNS), **names, **numbers, "direction": direction, **cells}


def test_a_comparison_is_its_name_and_a_sentence(table):
    path = table(row("loss", "lowered"), row("pia", "lowered", auc_before=0.7))
    assert change_lines(path, 0.95, 80) == [
        "",
        "compare defence: from plain to safe",
        "  Of 2 attacks, safe lowered the AUC of 2 against plain. The largest AUC is 0.80",
        "  before (loss) and 0.60 after (loss).",
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_too_wide(table, width):
    long = row("a" * 70, "cannot be told apart", comparison="c" * 40, before="b" * 41)
    lines = change_lines(table(long), 0.95, width)
    assert max(map(len, lines)) <= width and len(lines) <= 1 + 4 + MOST


def test_without_a_comparison_or_a_table_nothing_is_said(table, tmp_path):
    assert change_lines(table(), 0.95, 80) == []
    assert change_lines(tmp_path / "none.csv", 0.95, 80) == []
