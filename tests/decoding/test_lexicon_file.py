"""Compiled lexicons: what is read is what was written, and no damaged or hostile file does more than raise an error."""

import hashlib
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqrec.alphabet import Alphabet
from seqrec.decoding import BKTree, Entry, Lexicon, load_lexicon, product, save_lexicon, verify_lexicon
from seqrec.decoding.beam import beam_search
from seqrec.decoding.bounds import Tables
from seqrec.decoding.lexicon_file import MAGIC, VERSION, is_lexicon_file
from seqrec.errors import GrammarError, ModelFileError, SeqrecError
from tests.decoding.conftest import log_probs_of

ABCÉ = Alphabet("abcé", ["a", "b", "c", "é"], canonical={"É": "é", "A": "a"}, source="a test")
WORDS = [Entry("café", ("ca", "cé"), 2.0), "ab", "bab", "aab", Entry("ÉA", weight=0.25), "b", "ccc"]
FIXED = len(MAGIC) + 4 + 8 + 32


@pytest.fixture
def lexicon() -> Lexicon:
    """A few words, one with two spellings, one not in ASCII."""
    return Lexicon.compile(WORDS, ABCÉ)


@pytest.fixture
def path(tmp_path: Path, lexicon: Lexicon) -> Path:
    """They as a file."""
    save_lexicon(tmp_path / "words.lex", lexicon)
    return tmp_path / "words.lex"


def parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and body of a file."""
    (length,) = struct.unpack_from("<Q", content, len(MAGIC) + 4)
    start = -(-(FIXED + length) // 64) * 64
    return json.loads(content[FIXED : FIXED + length]), content[start:]


def joined(header: str, body: bytes, version: int = VERSION) -> bytes:
    """A file of them."""
    encoded = header.encode()
    content = encoded.ljust(-(-(FIXED + len(encoded)) // 64) * 64 - FIXED, b"\0") + body
    return MAGIC + struct.pack("<IQ32s", version, len(encoded), hashlib.sha256(content).digest()) + content


def used_all_ways(lexicon: Lexicon) -> None:
    """Whatever a lexicon is for."""
    for frames, seed in ((0, 0), (1, 1), (9, 2)):
        log_probs = log_probs_of(frames, lexicon.alphabet.classes, seed)
        lexicon.best(log_probs)
        lexicon.best(log_probs, len(lexicon), share=True)
        lexicon._scored(log_probs, 2)
        beam_search(log_probs, 8, 2, product([(lexicon.automaton, 1.0)]))
        BKTree(lexicon).best(log_probs, 2)
    assert len(list(lexicon.texts)) == len(lexicon)


def test_lexicon_that_is_written_and_read_gives_the_same_words(path: Path, lexicon: Lexicon) -> None:
    other = load_lexicon(path)
    verify_lexicon(path)
    assert other.alphabet == ABCÉ
    assert list(other.texts) == list(lexicon.texts)
    assert (len(other), other.longest, other.shortest, other.widest) == (7, lexicon.longest, lexicon.shortest, lexicon.widest)
    for name in Tables._fields:
        assert getattr(other.tables, name).tolist() == getattr(lexicon.tables, name).tolist()
        assert getattr(other.tables, name).dtype == getattr(lexicon.tables, name).dtype
    for seed in range(20):
        log_probs = log_probs_of(seed, ABCÉ.classes, seed)
        assert other.best(log_probs, 7, share=True) == lexicon.best(log_probs, 7, share=True)
        assert BKTree(other).best(log_probs, 2) == BKTree(lexicon).best(log_probs, 2)
    used_all_ways(other)


def test_texts_are_a_sequence_of_strings(path: Path) -> None:
    texts = load_lexicon(path).texts
    assert (texts[0], texts[-1], texts[1:3], texts[::-3]) == ("café", "ccc", ["ab", "bab"], ["ccc", "aab", "café"])
    assert list(texts) == ["café", "ab", "bab", "aab", "ÉA", "b", "ccc"]
    with pytest.raises(IndexError):
        texts[7]


def test_lexicon_without_pairs_is_written_and_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    alphabet = Alphabet("many", [chr(code) for code in range(0x4E00, 0x4E00 + 300)])
    lexicon = Lexicon.compile(["".join(rng.choice(alphabet.symbols, 2)) for _ in range(21_000)], alphabet)
    assert len(lexicon.tables.follow_first) == 0
    save_lexicon(tmp_path / "many.lex", lexicon)
    log_probs = log_probs_of(5, 301, 0)
    assert load_lexicon(tmp_path / "many.lex").best(log_probs, 3) == lexicon.best(log_probs, 3)


def test_lexicon_may_be_written_over_the_file_that_it_is_read_from(path: Path) -> None:
    before = path.read_bytes()
    save_lexicon(path, load_lexicon(path))
    assert path.read_bytes() == before


def test_file_is_known_by_how_it_starts(path: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("seqrec.lexicon\nis a word")
    assert is_lexicon_file(path)
    assert not any(map(is_lexicon_file, [tmp_path / "words.txt", tmp_path, tmp_path / "missing"]))


def test_write_that_fails_leaves_the_older_file(path: Path, lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelFileError, match="No space left on device"):
        save_lexicon(path, Lexicon.compile(["a"], ABCÉ))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_same_symbols_under_another_name_are_the_readers(path: Path) -> None:
    other = Alphabet("mine", ABCÉ.symbols)
    assert load_lexicon(path, other).alphabet is other


def test_lexicon_of_another_alphabet_is_refused(path: Path) -> None:
    with pytest.raises(
        GrammarError, match=r"words\.lex' is of alphabet 'abcé' \(4 symbols\), the reader's is 'ab' \(2\); build it for that one"
    ):
        load_lexicon(path, Alphabet("ab", "ab"))
    with pytest.raises(GrammarError, match="is of alphabet"):
        load_lexicon(path, Alphabet("abcé", ["b", "a", "c", "é"]))


def test_missing_files_folders_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GrammarError, match=r"missing\.lex' cannot be read: No such file or directory"):
        load_lexicon(tmp_path / "missing.lex")
    with pytest.raises(GrammarError, match="cannot be read: Is a directory"):
        load_lexicon(tmp_path)
    for content in (b"", b"word\nwords\n", MAGIC[:-1]):
        (tmp_path / "words.txt").write_bytes(content)
        with pytest.raises(GrammarError, match=r"words\.txt' is no compiled lexicon; make one with: seqrec lexicon build"):
            load_lexicon(tmp_path / "words.txt")


def test_other_versions_are_refused(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(MAGIC)] + struct.pack("<I", VERSION + 1) + content[len(MAGIC) + 4 :])
    with pytest.raises(GrammarError, match=f"is of version {VERSION + 1}; this seqrec reads {VERSION}: build it again"):
        load_lexicon(path)


def test_file_cut_off_anywhere_is_refused(path: Path) -> None:
    content = path.read_bytes()
    for length in [*range(0, FIXED + 20), *range(FIXED + 20, len(content), 7), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(GrammarError, match=r"words\.lex'"):
            load_lexicon(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(GrammarError, match="truncated or longer than written"):
        load_lexicon(path)


def test_any_one_bit_that_flips_is_refused_or_does_no_harm(path: Path) -> None:
    content = path.read_bytes()
    rng = np.random.default_rng(6)
    refused = loaded = 0
    for place in rng.choice(len(content), 1200, replace=False):
        path.write_bytes(content[:place] + bytes([content[place] ^ (1 << rng.integers(8))]) + content[place + 1 :])
        try:
            lexicon = load_lexicon(path)
        except GrammarError:
            refused += 1
        else:
            used_all_ways(lexicon)
            loaded += 1
    assert refused > 200
    assert loaded > 200


def test_verification_finds_every_bit_that_flips(path: Path) -> None:
    content = path.read_bytes()
    for place in range(0, len(content), 3):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(GrammarError, match=r"words\.lex'"):
            verify_lexicon(path)


def test_verification_says_what_is_wrong(path: Path) -> None:
    header, body = parts(path.read_bytes())
    place = header["arrays"]["text"]["offset"]
    told = r"its content is not what was written \(SHA-256 differs\); copy or build it again"
    content = path.read_bytes()
    changed = joined(json.dumps(header, ensure_ascii=False), body[:place] + b"k" + body[place + 1 :])
    path.write_bytes(content[:FIXED] + changed[FIXED:])
    assert load_lexicon(path).texts[0] == "kafé"
    with pytest.raises(GrammarError, match=told):
        verify_lexicon(path)
    header["shortest"] += 1  # stands in the header, and would lose words of few frames
    path.write_bytes(content[:FIXED] + joined(json.dumps(header, ensure_ascii=False), body)[FIXED:])
    with pytest.raises(GrammarError, match=told):
        verify_lexicon(path)
    path.write_bytes(content)
    verify_lexicon(path)


def put(*keys: str, value: object) -> Callable[[dict[str, Any]], None]:
    """A change to a header: the value at the end of the keys."""

    def change(header: dict[str, Any]) -> None:
        for key in keys[:-1]:
            header = header[key]
        header[keys[-1]] = value

    return change


WRONG = (-1, -(2**40), 2**40, 2**70, 1.5e300, float("inf"), float("nan"), "many", None, [], {}, [[1]])


@pytest.mark.parametrize(
    "change",
    [
        *(put("arrays", "skip", key, value=value) for key in ("offset", "count") for value in WRONG),
        *(put("arrays", "ids_first", "offset", value=value) for value in (3, 8, 64.5e9)),
        *(put("arrays", "follow", "type", value=value) for value in ("<i8", "<f4", "O", None, ["<i4"])),
        *(put("arrays", "text", value=value) for value in WRONG),
        *(put("arrays", value=value) for value in WRONG),
        *(put("bytes", value=value) for value in (0, *WRONG)),
        *(put(key, value=value) for key in ("longest", "widest") for value in (0, 1, *WRONG)),
        *(put("shortest", value=value) for value in (0, -1, "many", None, [], float("inf"), float("nan"))),
        *(put("alphabet", value=value) for value in WRONG),
        *(put("alphabet", "symbols", value=value) for value in (["a", "b"], ["a", "b", "c", "c"], ["a", "b", "c", 1], *WRONG)),
        *(put("alphabet", "canonical", value=value) for value in (-1, None, ["a"], {"x": ["a"]}, {"x": "y"})),
        put("alphabet", "spelt", value=1),
    ],
)
def test_hostile_header_is_refused(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    header, body = parts(path.read_bytes())
    change(header)
    path.write_bytes(joined(json.dumps(header), body))
    with pytest.raises(GrammarError, match=r"words\.lex'.* (damaged|truncated)"):
        load_lexicon(path)
    with pytest.raises(GrammarError):
        verify_lexicon(path)


@pytest.mark.parametrize("missing", ["alphabet", "longest", "shortest", "widest", "arrays", "bytes"])
def test_header_that_lacks_something_is_refused(path: Path, missing: str) -> None:
    header, body = parts(path.read_bytes())
    del header[missing]
    path.write_bytes(joined(json.dumps(header), body))
    with pytest.raises(GrammarError, match=f"its header is damaged .*{missing}"):
        load_lexicon(path)


@pytest.mark.parametrize(
    "header",
    ["[" * 100_000, '{"a":' * 100_000, "", "{}", "[]", "null", "7", '"text"', '{"bytes": 1' + "0" * 5000 + "}", "\ud800"],
)
def test_header_that_is_no_header_is_refused(path: Path, header: str) -> None:
    _, body = parts(path.read_bytes())
    encoded = header.encode("utf-8", "surrogatepass")
    path.write_bytes(MAGIC + struct.pack("<IQ32s", VERSION, len(encoded), b"") + encoded + body)
    with pytest.raises(GrammarError, match=r"words\.lex'.* (damaged|truncated)"):
        load_lexicon(path)


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 10**6])
def test_header_said_to_be_longer_than_the_file_is_refused(path: Path, length: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(MAGIC) + 4] + struct.pack("<Q", length) + content[len(MAGIC) + 12 :])
    with pytest.raises(GrammarError, match=f"is truncated: its header says {length:,} bytes"):
        load_lexicon(path)


BIG = 2**31 - 1


@pytest.mark.parametrize(
    ("table", "place", "value", "message"),
    [
        ("skip", 0, 3, "no root"),
        ("skip", 1, 0, "outside of its parent"),
        ("skip", 1, BIG, "outside of its parent"),
        ("skip", 2, -5, "outside of its parent"),
        ("depth", 0, 1, "no root"),
        ("depth", 1, 2, "impossible depth"),
        ("depth", 1, -1, "impossible depth"),
        ("depth", 3, BIG, "impossible depth"),
        ("symbol", 1, 5, r"'symbol' has entries outside 0\.\.4"),
        ("symbol", 1, -1, "'symbol' has entries"),
        ("spelling", 1, 8, r"'spelling' has entries outside -1\.\.7"),
        ("spelling", 1, -2, "'spelling' has entries"),
        ("word", 0, 7, r"'word' has entries outside 0\.\.6"),
        ("spellings_of", 0, -1, "'spellings_of' has entries"),
        ("own", 1, 9, "'own' does not ascend"),
        ("own", 1, 0, "a word without a spelling"),
        ("own", -1, 9, "'own' does not ascend from 0 to 8"),
        ("ids", 0, 0, r"'ids' has entries outside 1\.\.4"),
        ("ids", 0, 5, "'ids' has entries"),
        ("ids_first", 1, 2**40, "'ids_first' does not ascend"),
        ("ids_first", 0, -1, "'ids_first' does not ascend"),
        ("used", 1, 5, "'used' has entries"),
        ("used", 0, 1, "'used' does not fit 'row'"),
        ("row", 1, 9, "'row' has entries"),
        ("row", 1, 2, "'used' does not fit 'row'"),
        ("follow_first", 1, BIG, "'follow_first' does not ascend"),
        ("follow", 0, 0, "'follow' has entries"),
        ("follow", 0, 5, "'follow' has entries"),
        ("weight", 0, 0.0, "its weights are not above 0"),
        ("weight", 0, np.nan, "its weights"),
        ("weight", 0, np.inf, "its weights"),
        ("top", 0, -1.0, "its weights"),
        ("top", 2, 0.0, "its weights"),
        ("top", 1, np.nan, "its weights"),
        ("text_begin", 1, 2**40, "'text_begin' does not ascend"),
        ("text_begin", 0, 1, "'text_begin' does not ascend"),
    ],
)
def test_hostile_table_is_refused(path: Path, table: str, place: int, value: float, message: str) -> None:
    header, body = parts(path.read_bytes())
    where = header["arrays"][table]
    values = np.frombuffer(body, where["type"], where["count"], where["offset"]).copy()
    values[place] = value
    changed = body[: where["offset"]] + values.tobytes() + body[where["offset"] + values.nbytes :]
    path.write_bytes(joined(json.dumps(header), changed))
    with pytest.raises(GrammarError, match=f"words.lex' is damaged: .*{message}.*; build it again"):
        load_lexicon(path)


def test_spelling_longer_than_the_longest_is_refused(path: Path) -> None:
    header, body = parts(path.read_bytes())
    where = header["arrays"]["ids_first"]
    values = np.frombuffer(body, "<i8", where["count"], where["offset"]).copy()
    values[1:-1] = 0  # the last spelling now has all the ids
    changed = body[: where["offset"]] + values.tobytes() + body[where["offset"] + values.nbytes :]
    path.write_bytes(joined(json.dumps(header), changed))
    with pytest.raises(GrammarError, match="a spelling longer than it says"):
        load_lexicon(path)


def test_tables_of_other_lengths_are_refused(path: Path) -> None:
    header, body = parts(path.read_bytes())
    for name in (*Tables._fields, "text_begin"):
        shorter = json.loads(json.dumps(header))
        shorter["arrays"][name]["count"] -= 1
        path.write_bytes(joined(json.dumps(shorter), body))
        with pytest.raises(SeqrecError, match="damaged"):
            load_lexicon(path)
