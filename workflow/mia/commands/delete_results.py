"""Delete the results of one config, after showing them and asking: `make clean-results`.

Not a stage of the pipeline. It deletes nothing but what the pipeline makes, and refuses where it
cannot be sure: a link, a folder that belongs to another config or to none, one that holds this
checkout, what somebody else put there, or what the config reads; and while a run is at work.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mia.config.read import read_file_or_exit
from mia.config.results_folder import IDENTITY, MADE, made_here, owner
from mia.excerpt import listed
from mia.report.checkout import ROOT
from mia.runs import NOTES, RUNS, others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    args = parser.parse_args()
    config = read_file_or_exit(args.config).config
    folder = Path(config["results"])
    require_deletable(folder, config, Path(args.config).name)
    print("\n".join(inventory(folder)))
    try:
        answer = input(f"Delete {folder} for good? Type yes: ")
    except EOFError:
        answer = ""
    if answer.strip() != "yes":
        raise SystemExit("nothing was deleted")
    require_deletable(folder, config, Path(args.config).name)  # the answer took time
    delete(folder)
    print(f"deleted {folder}")


def require_deletable(folder: Path, config: dict[str, Any], name: str) -> None:
    if reason := refusal(folder, config, name):
        raise SystemExit(f"error: {folder}: {reason}; nothing was deleted")


def refusal(folder: Path, config: dict[str, Any], name: str) -> str | None:
    """Return why the results in `folder` of `config`, a file called `name`, must stay, or None."""
    if folder.is_symlink():
        return f"is a link to {folder.readlink()}; delete that, and the link, by hand"
    if not folder.is_dir():
        return "there is no such folder"
    whole = folder.resolve()
    for what, place in {"checkout": ROOT, "home": Path.home(), "working": Path.cwd()}.items():
        if place.resolve().is_relative_to(whole):
            return f"it is or holds the {what} folder"
    if owner(folder) != name:
        whose = f"holds the results of {owner(folder)}" if owner(folder) else "was not made here"
        return f"its file {IDENTITY} does not say {name}: it {whose}"
    if strange := not_made_here(folder):
        return f"holds what the pipeline did not make ({listed(strange)}); move that away"
    for key, path in texts(config):
        if key != "results" and Path(os.path.realpath(path)).is_relative_to(whole):
            return f"`{key}` of the config reads {path}, which lies in it; move that away"
    for notes in (NOTES, folder / RUNS):
        alive, elsewhere = others(notes)
        if alive or elsewhere:
            note = (alive + elsewhere)[0]
            return (
                f"a run is or may be at work here: wait for it, or delete its note, {note}, if it "
                "surely has ended"
            )
    return None


def not_made_here(folder: Path) -> list[str]:
    """Return what lies in `folder` that the pipeline does not make: relative paths, sorted.

    If nothing in a folder is the pipeline's, only the folder's name is given. A link to a folder is
    a file.
    """
    strange = {path.name for path in folder.iterdir() if path.name not in MADE and path.is_dir()}
    strange -= {name for name in strange if made_here(name)}
    for file in files_below(folder):
        name = file.relative_to(folder).as_posix()
        if name.split("/")[0] not in strange and not made_here(name):
            strange.add(name)
    return sorted(strange)


def texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a config with its key, as any of them may be a path."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inner, f"{key}.{step}".lstrip("."))


def inventory(folder: Path) -> list[str]:
    """Return lines that say what lies in `folder`, how large it is, and what it cost."""
    found = {path.name: files_below(path) for path in sorted(folder.iterdir())}
    lines = [f"  {name:<22}{megabytes(files):>12}" for name, files in found.items()]
    everything = [file for files in found.values() for file in files]
    lines.insert(0, f"{folder.resolve()}: {len(everything):,} files,{megabytes(everything)}")
    if found.get("ledger"):
        last = time.localtime(max(file.lstat().st_mtime for file in found["ledger"]))
        lines.append(
            "`ledger` is everything that was measured and trained, up to "
            f"{time.strftime('%Y-%m-%d %H:%M', last)}; without it all of that is computed again"
        )
    return lines


def files_below(path: Path) -> list[Path]:
    """Return the files at or below `path`; a link is one, whatever it points to."""
    if path.is_symlink() or not path.is_dir():
        return [path]
    return [file for file in path.rglob("*") if file.is_symlink() or not file.is_dir()]


def megabytes(files: list[Path]) -> str:
    return f" {sum(file.lstat().st_size for file in files) / 1e6:,.1f} MB"


def delete(folder: Path) -> None:
    """Delete what lies in `folder`, the note of its owner last, then the folder itself.

    If it is cut off half-way, it can be called again.
    """
    for path in sorted(folder.iterdir(), key=lambda path: path.name == IDENTITY):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    folder.rmdir()


if __name__ == "__main__":
    main()
