"""Pages of docs/ inside the report: the little Markdown that they use, as escaped HTML."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

FENCE = re.compile(r"(?ms)^```\w*\n(.*?)^```$")
ITEM = re.compile(r"(?m)^- ")
CODE = re.compile(r"`([^`]+)`")
INLINE = (
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\*([^*]+)\*"), r"<em>\1</em>"),
)


def sections(page: str) -> dict[str, Markup]:
    """Return heading to contents of every `##` section; what stands before the first is left out.

    Paragraphs, lists, fenced code, bold, italics and code are kept; of a link only its words.

    >>> sections("# A page\\n\\n## A *part*\\n\\nSee [there](x.md), `<b>`.\\n")
    {'A *part*': Markup('<p>See there, <code>&lt;b&gt;</code>.</p>')}
    """
    parts = re.split(r"(?m)^## +(.+)$", page)[1:]
    return {title.strip(): html(text) for title, text in zip(parts[::2], parts[1::2], strict=True)}


def html(text: str) -> Markup:
    """Return paragraphs, lists and fenced code as HTML, everything in them escaped."""
    blocks = []
    for number, part in enumerate(FENCE.split(text)):
        if number % 2:
            blocks.append(Markup("<pre><code>{}</code></pre>").format(part))
        else:
            blocks += map(_block, filter(str.strip, re.split(r"\n\s*\n", part)))
    return Markup("\n").join(blocks)


def _block(block: str) -> Markup:
    block = block.strip()
    if not block.startswith("- "):
        return Markup("<p>{}</p>").format(_inline(block))
    items = (Markup("<li>{}</li>").format(_inline(item)) for item in ITEM.split(block)[1:])
    return Markup("<ul>{}</ul>").format(Markup("").join(items))


def _inline(text: str) -> Markup:
    text = str(escape(re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(text.split()))))
    code = iter(CODE.findall(text))
    text = CODE.sub("``", text)
    for pattern, markup in INLINE:
        text = pattern.sub(markup, text)
    return Markup(re.sub("``", lambda _: f"<code>{next(code)}</code>", text))
