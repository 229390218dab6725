"""The text of every rule, by its name."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rules() -> dict[str, str]:
    """Rule to its text; a rule made in a loop is named after its stage."""
    found = {}
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for text in re.split(r"(?m)^(?=[ ]*rule\b)", path.read_text())[1:]:
            stage = re.search(r"mia\.stages\.(\w+)", text)[1]
            name = re.match(r"\s*rule\s*(\w*)", text)[1] or stage
            assert name not in found, f"two rules {name}"
            found[name] = text
    return found


RULES = rules()
