"""CSVs as people write them: read whole, or refused with the line; never cut, merged or guessed."""

import csv
import io
import random

import pytest

from mia.given.cells import Column
from mia.given.csv_records import records
from mia.given.table import GivenTable
from mia.images.sources.folder import read_captions
from mia.images.sources.shared import exclusion
from mia.stages.plan import write_plan
from mia.targets import external_scores

HEADER = "file,caption\n"
TWELVE = [f'{n}.png,"a cat, no. {n}"' for n in range(12)]


def with_line(number: int, line: str) -> str:
    """Twelve sound records, one of them exchanged; the header is line 1."""
    lines = [*TWELVE[: number - 2], line, *TWELVE[number - 1 :]]
    return HEADER + "\n".join(lines) + "\n"


BROKEN = {
    "a comma that nobody quoted": (with_line(4, "2.png,a cat, a dog"), "line 4: 3 fields"),
    "an address with a comma": ("url,caption\nhttp://a.org/1,2.jpg,cat\n", "line 2: 3 fields"),
    "a short record": (with_line(5, "3.png"), "line 5: 1 fields; expected the header's 2 (file, c"),
    "a long record at the end": (HEADER + "a.png,A\nb.png,B,\n", "line 3: 3 fields"),
    "a quote that is never closed": (HEADER + 'a.png,A\nb.png,"B\n', "line 3: a quote that is nev"),
    "a quote closed in a later record": (
        with_line(3, '1.png,"a cat'),
        "lines 3 to 4: a quote within a quoted field",
    ),
    "two halves of quotes in two records": (
        HEADER + 'a.png,"12 inch\nb.png,B\nc.png,5"\nd.png,D\n',
        "lines 2 to 4: a quote joins these lines",
    ),
    "the same with addresses": (
        'url,caption\nhttp://a.org/1,"A\nhttp://a.org/2,B"\n',
        "lines 2 to 3: a quote joins these lines",
    ),
    "one quote in plain text": (with_line(6, '4.png,5" disk'), "line 6: a quote without its other"),
    "quotes escaped with a backslash": (
        HEADER + 'a.png,"he said \\"no\\""\n',
        "line 2: a quote within a quoted field",
    ),
    "a quote that swallows a long file": (
        HEADER + 'a.png,"A\n' + "b.png,B\n" * 20_000,
        "lines 2 to 20002: a quote that is never closed",
    ),
    "NUL": (with_line(7, "5.png,a\0cat"), "line 7: a NUL character"),
    "NUL within quotes": (HEADER + 'a.png,"a\nb\0c"\n', "lines 2 to 3: a NUL character"),
    "Latin-1": (
        with_line(8, "6.png,ein Bär").encode("latin-1"),
        "line 8: byte 12 is 0xe4; expected",
    ),
    "cp1252 quotes": (HEADER.encode() + b"a.png,\x93A\x94\n", "line 2: byte 7 is 0x93"),
    "UTF-16": ("file,caption\na.png,A\n".encode("utf-16"), "line 1: byte 1 is 0xff; expected UTF"),
    "UTF-16 without a mark": ("file,caption\n".encode("utf-16-le"), "line 1: a NUL character"),
    "semicolons": ("file;caption\na.png;A, B\n", "line 1: the header is separated by semicolons"),
    "tabs": ("file\tcaption\na.png\tA\n", "line 1: the header is separated by tabs"),
    "bars": ("file|caption\na.png|A\n", "line 1: the header is separated by bars"),
    "a column named twice": (
        "file,caption,caption\na,b,c\n",
        "line 1: the header names the column",
    ),
    "nothing": ("", "line 1: no header"),
    "blank lines": ("\n\r\n\n", "line 1: no header"),
    "a header of commas": (",,\na,b,c\n", "line 1: no header"),
}


def written(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_csv_is_an_error_with_file_and_line(tmp_path, text, said):
    path = written(tmp_path / "given.csv", text)
    with pytest.raises(ValueError) as caught:
        list(records(path, "given.csv"))
    message = str(caught.value)
    assert message.startswith("given.csv: line") and said in message
    assert "\n" not in message and len(message) < 500


READERS = {
    "captions": read_captions,
    "addresses": lambda path: write_plan({"source": "urls", "path": path}, []),
    "exclude": exclusion.read,
    "scores": external_scores.read,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ["a short record", "NUL", "Latin-1", "semicolons"])
def test_every_reader_of_tables_refuses_it(tmp_path, reader, kind):
    names = {"addresses": "url,caption", "exclude": "url,why", "scores": "key,score"}
    text, said = BROKEN[kind]
    text = text if isinstance(text, bytes) else text.encode()
    text = text.replace(b"file,caption", names.get(reader, "file,caption").encode())
    path = written(tmp_path / "given.csv", text)
    with pytest.raises(ValueError) as caught:
        READERS[reader](path)
    assert str(caught.value).startswith(f"{path}: {said[:8]}")


SOUND = {
    "a byte order mark": "\ufefffile,caption\na.png,A\n",
    "CRLF": "file,caption\r\na.png,A\r\n",
    "CR": "file,caption\ra.png,A\r",
    "no end of the last line": "file,caption\na.png,A",
    "blank lines": "\nfile,caption\n\na.png,A\n\n\r\n",
    "quotes round everything": '"file","caption"\n"a.png","A"\n',
    "pandas' index": ",file,caption\n0,a.png,A\n",
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_what_writers_do_is_read(tmp_path, text):
    table = read_captions(written(tmp_path / "given.csv", text))
    assert table[["file", "caption"]].to_numpy().tolist() == [["a.png", "A"]]
    assert table.index.tolist() == [1]


CELLS = {
    "line breaks": "one\ntwo\r\nthree\rfour",
    "a line break and commas": "first,\nsecond, third\n",
    "quotes": 'he said "no", twice ""',
    "only a quote": '"',
    "blanks": "  around  ",
    "NA is no null": "NA",
    "digits": "007",
    "other line breaks": "a\u2028b\x0bc\x85d",
    "beyond the plane": "🙂\U0010ffff",
    "nothing": "",
}


@pytest.mark.parametrize("order", [("file", "caption"), ("caption", "file")], ids="-".join)
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_caption_comes_as_it_was_written(tmp_path, cell, order):
    rows = [{"file": f"{n}.png", "caption": cell} for n in range(3)]
    with open(tmp_path / "given.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, order)
        writer.writeheader()
        writer.writerows(rows)
    assert read_captions(tmp_path / "given.csv")["caption"].tolist() == [cell] * 3


def test_balanced_quotes_in_plain_text_are_text(tmp_path):
    path = written(tmp_path / "given.csv", 'file,caption\na.png,he said "no" to 5" by 3"\n')
    assert read_captions(path)["caption"].tolist() == ['he said "no" to 5" by 3"']


PIECES = ["a", "b c", ",", '"', "\n", "\r\n", ";", "ü", "'", "\t", "/", "://"]  # no locators


def random_table(seed: int) -> tuple[list[list[str]], str]:
    choose = random.Random(seed)
    width, quoting = choose.randint(2, 5), choose.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
    rows = [[f"c{n}" for n in range(width)]]
    rows += [
        ["".join(choose.choices(PIECES, k=choose.randint(0, 6))) for _ in range(width)]
        for _ in range(choose.randint(1, 12))
    ]
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting, lineterminator=choose.choice(["\n", "\r\n"])).writerows(rows)
    return rows, file.getvalue()


@pytest.mark.parametrize("seed", range(60))
def test_one_quote_too_many_or_too_few_is_never_read(tmp_path, seed):
    """Whatever was written is read; with one quote put in or taken out it is refused."""
    rows, text = random_table(seed)
    path = tmp_path / "given.csv"
    assert list(records(written(path, text), "given.csv")) == rows
    choose = random.Random(seed)
    quotes = [n for n, letter in enumerate(text) if letter == '"']
    for at in choose.sample(quotes, min(5, len(quotes))):
        with pytest.raises(ValueError, match=r"given\.csv: lines? \d"):
            list(records(written(path, text[:at] + text[at + 1 :]), "given.csv"))
    for at in choose.sample(range(len(text) + 1), 10):
        with pytest.raises(ValueError, match=r"given\.csv: lines? \d"):
            list(records(written(path, text[:at] + '"' + text[at:]), "given.csv"))


JOINED = {
    "a comma in the first": 'url,caption\nhttp://a/1.jpg,"Wow, a dog\nhttp://a/2.jpg,a cat"\n',
    "commas in the last": 'url,caption\nhttp://a/1.jpg,"Wow\nhttp://a/2.jpg,a cat, a dog, "\n',
    "in one of three": 'file,caption\na.png,"A, A\nb.png,B\nc.png,C, c"\n',
    "names with blanks": 'file,caption\na b.png,"a dog\nc d.png,a cat"\n',
    "paths with blanks": 'file,caption\nmy x/a b.JPG,"a dog, x\nmy x/c d.JPG,a cat"\n',
    "keys": 'key,caption\n0123456789abcdef,"Wow, x\nFEDCBA9876543210,a cat"\n',
    "hashes": f'image_id,caption\n{"0" * 64},"Wow, x\n{"a" * 64},a cat"\n',
    "an index before": 'n,url,caption\n1,http://a/1,"Wow, x\n2,http://a/2,a cat"\n',
    "captions before": 'caption,file\n"Wow, a dog,a.png\na cat",b.png\n',
    "captions between": 'n,caption,file\n1,"Wow, a dog,a.png\n2,a, cat",b.png\n',
    "captions before two": 'caption,url,n\n"Wow, x,http://a/1,1\na cat",http://a/2,2\n',
    "quotes at the start": 'file,caption\n"a.png,A\nb.png",B\n',
    "one column": 'url\n"http://a/1\nhttp://a/2"\n',
    "CRLF": 'file,caption\r\na b.png,"A, x\r\nc d.png,B"\r\n',
}


@pytest.mark.parametrize("text", JOINED.values(), ids=JOINED)
def test_balanced_quotes_join_no_records(tmp_path, text):
    path = written(tmp_path / "given.csv", text)
    with pytest.raises(ValueError, match=r"lines 2 to \d: a quote joins these lines into one"):
        list(records(path, "given.csv"))


APART = {
    "prose": "a dog, a cat\nand a bird, too\n, and more",
    "a name in a text": "see\nb.png shows it, too",
    "a name that ends the line": "the file is\nb.png",
    "an address in a text": "from http://a.org/1, or\nsee http://a.org/2, too",
    "an address that ends the line": "more at\nhttp://a.org/x",
    "names further on": "two files,\nnamely, b.png, c.png, both, fine",
    "numbers": "1\n3.14, 2.71\n2024, 2025",
    "a list": "- one, two\n- three, four\n- e.g., five",
}


@pytest.mark.parametrize("order", [("file", "caption"), ("caption", "file")], ids="-".join)
@pytest.mark.parametrize("caption", APART.values(), ids=APART)
def test_captions_of_several_lines_stay_whole(tmp_path, caption, order):
    rows = [{"file": f"a {n}.png", "caption": caption} for n in range(3)]
    with open(tmp_path / "given.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, order)
        writer.writeheader()
        writer.writerows(rows)
    assert read_captions(tmp_path / "given.csv")["caption"].tolist() == [caption] * 3


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_long_caption_is_read(tmp_path, quote):
    caption = "a cat " * 40_000
    path = written(tmp_path / "given.csv", f"file,caption\na.png,{quote}{caption}{quote}\n")
    assert read_captions(path)["caption"].tolist() == [caption]


def test_a_field_beyond_all_captions_is_refused(tmp_path):
    path = written(tmp_path / "given.csv", 'file,caption\na.png,"' + "b.png,B\n" * 2**21 + "A" * 99)
    with pytest.raises(ValueError, match="a field of more than 16,777,216 characters, or a quote"):
        read_captions(path)


def test_an_error_text_does_not_carry_a_long_name(tmp_path):
    path = written(tmp_path / "given.csv", "x" * 10_000 + ",y\na,b\n")
    with pytest.raises(ValueError, match="no column 'file', 'caption'; found: xxx") as caught:
        read_captions(path)
    assert len(str(caught.value)) < 500


def test_a_long_table_is_read_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("mia.given.table.ROWS_AT_ONCE", 5)
    path = written(tmp_path / "given.csv", HEADER + "\n".join(TWELVE))
    assert len(read_captions(path)) == 12
    sizes = [len(rows) for rows, _ in GivenTable(path).texts([Column("file")])]
    assert sizes == [5, 5, 2]
