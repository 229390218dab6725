"""Config keys of sources whose images are fetched from addresses."""

from __future__ import annotations

from mia.images.sources.shared.contract import Key

TEXT = {"type": "string"}
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}\\Z"}
ALTERNATES = Key(
    "Names of other captions, such as a captioner's: each a column `alt_<name>` of the captions "
    "CSV or the table of addresses. Attacks read one as `condition: alt-<name>`.",
    {"type": "array", "items": {"$ref": "#/$defs/name"}},
)
FETCHING = {
    "byte_limit": Key(
        "Images of more bytes are not fetched. A download job holds up to 64 images in memory at "
        "once.",
        {"type": "integer", "minimum": 1, "default": 20_000_000},
        planned=False,
        fetched=True,
    ),
    "timeout": Key(
        "Seconds a server may stay silent; a whole image may take six times as long.",
        {"type": "integer", "minimum": 1, "default": 10},
        planned=False,
        fetched=True,
    ),
}
TABLE = {
    "url": Key("Column that holds the address.", {**TEXT, "default": "url"}, in_parts=True),
    "caption": Key(
        "Column that holds the caption, or a list of captions of which the first is taken.",
        {**TEXT, "default": "caption"},
        in_parts=True,
    ),
    "picture_sha256": Key(
        "Column that holds the sha256 of each image's bytes, as digits or as 32 bytes, as a "
        "published manifest does in `image_id`. Only images with these bytes are kept.",
        TEXT,
        in_parts=True,
    ),
    "allow_hosts": Key(
        "Hosts that addresses may name although they are not public, such as `127.0.0.1`.",
        {"type": "array", "items": {"type": "string", "pattern": "^[a-z0-9.:_-]+\\Z"}},
        fetched=True,
    ),
    "alternates": ALTERNATES,
    **FETCHING,
}
