"""The tokenizer of a model folder: its files, and how many tokens a caption has."""

from __future__ import annotations

from pathlib import Path

from mia.models.family import Part
from mia.models.folder_entries import entries
from mia.models.model_json import Config, ModelError, read_json, require_file, shown

FORMS = {
    "CLIPTokenizer": (("tokenizer.json",), ("vocab.json", "merges.txt")),
    "T5Tokenizer": (("tokenizer.json",), ("spiece.model",)),
}
OTHERS = (("tokenizer.json",), ("tokenizer.model",))  # Gemma's, Llama's and the like
READ = (".json", ".txt", ".model")
UNSAID = 10**6  # transformers writes 1e30 where a tokenizer has no length of its own


def tokenizer_files(folder: Path, part: Part) -> list[Path]:
    """Return the files of a tokenizer, sorted.

    Raises:
        ModelError: There is neither tokenizer.json nor what it may be made from; or a file is not
            whole, names code, or is of another class than those of `part`.
    """
    files = entries(folder, *READ)
    names, forms = {path.name for path in files}, FORMS.get(part.classes[0], OTHERS)
    if not any(set(form) <= names for form in forms):
        expected = ", or ".join(" and ".join(form) for form in forms)
        raise ModelError(
            f"{folder}: no tokenizer files; expected {expected}; "
            f"found {', '.join(sorted(names)) or 'none'}"
        )
    for path in files:
        require_file(path, "a file of the tokenizer")
    config = folder / "tokenizer_config.json"
    kind = read_json(config).get("tokenizer_class") if config in files else None
    if kind is not None and kind not in part.classes:
        raise ModelError(
            f"{config}: tokenizer_class: {shown(kind)}; expected {' or '.join(part.classes)}"
        )
    return files


def caption_length(folder: Path, part: Part, text_encoder: Config) -> int:
    """Return the number of tokens that captions are padded or cut to.

    It is the tokenizer's `model_max_length`, or the text encoder's own length where the tokenizer
    has none (no number, or transformers' 1e30). Of some tokenizers it is the pipeline's
    (`part.length`).

    Args:
        folder: Of the tokenizer.
        part: What the family says of it.
        text_encoder: Its config.

    Raises:
        ModelError: The tokenizer cannot be read, makes more tokens than the text encoder has
            places for, or tokens that the text encoder does not have.
    """
    from mia.models.tokenizer import load_tokenizer

    tokenizer_files(folder, part)
    config = folder / "tokenizer_config.json"
    length = part.length or _own_length(config, text_encoder)
    try:
        tokenizer = load_tokenizer(folder, part.classes[0])
        highest = max(tokenizer.get_vocab().values())
        tokenizer([""], padding="max_length", truncation=True, max_length=length)
    except Exception as error:  # the library's own kinds are many; all mean: not to be read
        kind = part.classes[0].removesuffix("Tokenizer")
        raise ModelError(f"{folder}: not a {kind} tokenizer: {first_line(error)}") from error
    if highest >= (entries := text_encoder.whole("vocab_size")):
        raise ModelError(
            f"{folder}: tokens up to number {highest}; expected less than {entries}, which is "
            f"vocab_size of {text_encoder.path}"
        )
    return length


def _own_length(config: Path, text_encoder: Config) -> int:
    """Return the length that the tokenizer's config or the text encoder's says."""
    most = text_encoder.whole("max_position_embeddings")
    said = read_json(config).get("model_max_length") if config.exists() else None
    number = isinstance(said, int | float) and not isinstance(said, bool)
    if said is not None and not (number and said >= 2):
        raise ModelError(
            f"{config}: model_max_length: {shown(said)}; expected a number of tokens, at least 2"
        )
    length = most if said is None or said > UNSAID else int(said)
    if length > most:
        raise ModelError(
            f"{config}: model_max_length: {length}; expected at most {most}, which is "
            f"max_position_embeddings of {text_encoder.path}"
        )
    return length


def first_line(error: Exception) -> str:
    """Return what an error says, in one line."""
    return " ".join(str(error).split())[:300] or type(error).__name__
