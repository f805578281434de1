"""ARPA files: what is written is read back, others' files are read, broken ones are named with their line."""

import gzip
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqrec import Alphabet
from seqrec.decoding.arpa import FLOOR, escape, unescape
from seqrec.decoding.ngram import NGram
from seqrec.errors import GrammarError, ModelFileError

ABC = Alphabet("abc", "abc")
ODD = Alphabet(
    "odd", [" ", "\t", "\u3000", "\u2028", "\x00", "%", "%20", "%2520", "\\", "\\data\\", "<s>", "</s>", "<unk>", "▁", "é", "a b"]
)

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

FOREIGN = """
A preamble of the kind that some tools write.

\\data\\
ngram 1=6
ngram 2=5
ngram 3=2

\\1-grams:
-2.0 <unk> 0
0 <s> -0.25
-0.6 </s>
-0.4 a -0.1
-0.7 b -0.2
-0.9 <space>

\\2-grams:
-0.2 <s> a -0.05
-0.5 a b -0.3
-0.6 a <space>
-0.3 b </s> 0
-1.5 b <unk>

\\3-grams:
-0.1 <s> a b
-0.4 a b </s>

\\end\\
"""


def table_of(text: str) -> dict[tuple[str, ...], tuple[float, float]]:
    """Log-probability and backoff weight, to base 10, of each n-gram of an ARPA text."""
    table = {}
    for line in text.splitlines():
        fields = line.split()
        if line.startswith("\\") and "-grams:" in line:
            order = int(line[1 : line.index("-")])
        elif fields and fields[0].lstrip("-").replace(".", "").replace("e-", "").isdigit():
            table[tuple(fields[1 : order + 1])] = float(fields[0]), float(fields[order + 1]) if len(fields) > order + 1 else 0.0
    return table


def recursion(table: dict[tuple[str, ...], tuple[float, float]], order: int, tokens: Sequence[str]) -> float:
    """Log-probability of a sequence and its end in nats, as the format defines it."""

    def log10_p(token: str, context: tuple[str, ...]) -> float:
        if (*context, token) in table:
            return table[(*context, token)][0]
        return table.get(context, (0, 0.0))[1] + log10_p(token, context[1:])

    line = ["<s>", *tokens, "</s>"]
    each = (log10_p(line[place], tuple(line[max(0, place - order + 1) : place])) for place in range(1, len(line)))
    return sum(each) * math.log(10)


def same(one: NGram, other: NGram) -> bool:
    """Whether two models are equal to the bit."""
    pairs = [*zip(one.grams, other.grams, strict=True), *zip(one.automaton, other.automaton, strict=True)]
    return all(np.array_equal(mine, theirs) for mine, theirs in pairs)


@shared_folder
@given(labels=st.lists(st.text("abc", max_size=6), min_size=1, max_size=12), order=st.integers(1, 4))
def test_what_is_written_is_read_back_to_the_bit(tmp_path: Path, labels: list[str], order: int) -> None:
    model = NGram.from_labels(labels, ABC, order)
    model.save(tmp_path / "model.arpa")
    model.save(tmp_path / "model.arpa.gz")
    assert same(model, NGram.load(tmp_path / "model.arpa", ABC))
    assert same(model, NGram.load(tmp_path / "model.arpa.gz", ABC))
    assert gzip.decompress((tmp_path / "model.arpa.gz").read_bytes()) == (tmp_path / "model.arpa").read_bytes()


@shared_folder
@given(
    labels=st.lists(st.text("abc", max_size=6), min_size=1, max_size=12),
    order=st.integers(1, 4),
    probe=st.text("abc", max_size=8),
)
def test_the_automaton_weighs_as_the_formats_recursion_does(tmp_path: Path, labels: list[str], order: int, probe: str) -> None:
    model = NGram.from_labels(labels, ABC, order)
    model.save(tmp_path / "model.arpa")
    table = table_of((tmp_path / "model.arpa").read_text())
    assert len(table) == sum(model.sizes)
    expected = recursion(table, order, probe)
    assert model.log_probability(ABC.encode(probe)) == pytest.approx(expected, abs=1e-5)
    assert model.automaton.log_weight(ABC.encode(probe)) == pytest.approx(expected, abs=1e-5)


@shared_folder
@given(seed=st.integers(0, 10**6), probe=st.text("abc", max_size=8))
def test_pruned_models_weigh_as_the_formats_recursion_does(tmp_path: Path, seed: int, probe: str) -> None:
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abc"), rng.integers(1, 7))) for _ in range(15)]
    NGram.from_labels(words, ABC, 4).save(tmp_path / "model.arpa")
    table = table_of((tmp_path / "model.arpa").read_text())
    for gram in sorted(table, key=len, reverse=True):  # an n-gram that others start with must stay; its suffixes may go
        if len(gram) > 1 and rng.random() < 0.5 and not any(other[:-1] == gram for other in table):
            del table[gram]
    write_table(tmp_path / "pruned.arpa", table, 4)
    model = NGram.load(tmp_path / "pruned.arpa", ABC)
    assert model.log_probability(ABC.encode(probe)) == pytest.approx(recursion(table, 4, probe), abs=1e-4)


def write_table(path: Path, table: dict[tuple[str, ...], tuple[float, float]], order: int) -> None:
    """An ARPA file with the n-grams of a table in the order that they stand in it."""
    by_order = [{gram: both for gram, both in table.items() if len(gram) == length} for length in range(1, order + 1)]
    lines = ["\\data\\", *(f"ngram {length}={len(grams)}" for length, grams in enumerate(by_order, start=1))]
    for length, grams in enumerate(by_order, start=1):
        lines.append(f"\\{length}-grams:")
        lines += [f"{weight} {' '.join(gram)} {backoff}" for gram, (weight, backoff) in grams.items()]
    path.write_text("\n".join([*lines, "\\end\\"]))


def test_symbols_of_every_kind_are_read_back(tmp_path: Path) -> None:
    ids = [list(range(1, len(ODD) + 1)), list(range(len(ODD), 0, -1)), [1, 1, 6, 7, 8]]
    separated = Alphabet("odd", ODD.symbols, separator="\n")
    model = NGram.from_labels([separated.text(separated.decode(one)) for one in ids], separated, 3)
    model.save(tmp_path / "odd.arpa")
    assert same(model, NGram.load(tmp_path / "odd.arpa", separated))
    assert len(table_of((tmp_path / "odd.arpa").read_text())) == sum(model.sizes)


@given(symbol=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6) | st.sampled_from(ODD.symbols))
def test_escaped_symbol_is_one_token_that_comes_back(symbol: str) -> None:
    token = escape(symbol)
    assert unescape(token) == symbol
    assert token.split() == [token]
    assert token.encode().split() == [token.encode()]
    assert token.isprintable() or not symbol.isprintable()
    assert not token.startswith("\\")
    assert token not in ("<s>", "</s>", "<unk>")


@pytest.mark.parametrize("symbol", ["a", "é", "語", "%", "<", "note-C4", "100%", "\N{COMBINING ACUTE ACCENT}"])
def test_ordinary_symbols_stand_as_they_are(symbol: str) -> None:
    assert escape(symbol) == symbol


def test_others_files_are_read(tmp_path: Path) -> None:
    alphabet = Alphabet("ab ", "ab ")
    (tmp_path / "foreign.arpa").write_text(FOREIGN)
    windows = FOREIGN[FOREIGN.index("\\data\\") :].replace("<space>", "▁").replace("\n", "\r\n")
    (tmp_path / "windows.arpa").write_bytes(b"\xef\xbb\xbf" + windows.encode())
    model = NGram.load(tmp_path / "foreign.arpa", alphabet)
    assert (model.order, model.sizes) == (3, (5, 4, 2))
    assert model.notes == ("2 n-grams with <unk> are left out",)
    for label in ("", "ab", "a b", "b", " a", "aab ab"):
        tokens = ["<space>" if symbol == " " else symbol for symbol in label]
        expected = recursion(table_of(FOREIGN), 3, tokens)
        assert model.log_probability(alphabet.encode(label)) == pytest.approx(expected, abs=1e-5)
    assert same(model, NGram.load(tmp_path / "windows.arpa", alphabet))


def test_space_may_be_a_symbol_and_its_stand_in_another(tmp_path: Path) -> None:
    both = Alphabet("both", ["a", "b", "<space>", " "])
    (tmp_path / "foreign.arpa").write_text(FOREIGN)
    model = NGram.load(tmp_path / "foreign.arpa", both)
    assert model.notes[1] == "1 of 4 symbols are not in the model (' '); they share the probability of <unk>"
    assert model.log_probability([3]) > model.log_probability([4])


def test_missing_symbols_share_the_probability_of_unk(tmp_path: Path) -> None:
    model = NGram.from_labels(["ab", "ba", "c"], ABC, 2)
    model.save(tmp_path / "abc.arpa")
    text = (
        (tmp_path / "abc.arpa").read_text().replace("\tc\t", "\t<unk>\t").replace(" c\n", " <unk>\n").replace("\tc ", "\t<unk> ")
    )
    (tmp_path / "unk.arpa").write_text(text.replace(" c\t", " <unk>\t"))
    four = Alphabet("four", "abxy")
    loaded = NGram.load(tmp_path / "unk.arpa", four)
    assert loaded.notes[1] == "2 of 4 symbols are not in the model ('x', 'y'); they share the probability of <unk>"
    root = int(loaded.automaton.backoff[0])
    weights = {symbol: loaded.automaton.step(root, symbol) for symbol in (1, 2, 3, 4)}
    assert weights[3] == weights[4]
    total = sum(math.exp(found[1]) for found in weights.values() if found) + math.exp(loaded.automaton.final[root])
    assert total == pytest.approx(1, abs=1e-6)


def test_missing_symbols_without_unk_have_a_floor(tmp_path: Path) -> None:
    NGram.from_labels(["ab", "ba", "c"], ABC, 1).save(tmp_path / "abc.arpa")
    model = NGram.load(tmp_path / "abc.arpa", Alphabet("six", "abcxyz"))
    assert model.notes == ("3 of 6 symbols are not in the model ('x', 'y', 'z'); they have a probability of 1e-07 each",)
    assert model.automaton.step(0, 4) == pytest.approx((1, math.log(FLOOR)))


def test_other_spellings_of_a_symbol_are_no_symbols_of_a_model(tmp_path: Path) -> None:
    NGram.from_labels(["ab", "AB"], Alphabet("cases", "abAB"), 2).save(tmp_path / "cases.arpa")
    with pytest.raises(GrammarError, match=r"2 of its symbols are not in alphabet 'low' \('A', 'B'\), and 0 of the alphabet's 2"):
        NGram.load(tmp_path / "cases.arpa", Alphabet("low", "ab", canonical={"A": "a", "B": "b"}))


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        (
            "abd",
            "1 of its symbols are not in alphabet 'other' ('c'), and 1 of the alphabet's 3 are not in the model ('d'); choose",
        ),
        (
            "abcdefg",
            "0 of its symbols are not in alphabet 'other', and 4 of the alphabet's 7 are not in the model ('d', 'e', 'f', …)",
        ),
        ("αβγδε", "3 of its symbols are not in alphabet 'other' ('a', 'b', 'c'), and 5 of the alphabet's 5 are not in the model"),
    ],
)
def test_model_of_another_alphabet_is_refused(tmp_path: Path, symbols: str, message: str) -> None:
    NGram.from_labels(["abc"], ABC, 2).save(tmp_path / "abc.arpa")
    with pytest.raises(GrammarError) as raised:
        NGram.load(tmp_path / "abc.arpa", Alphabet("other", symbols))
    assert str(raised.value).startswith(f"'{tmp_path / 'abc.arpa'}' is a model of another alphabet: {message}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\\data\\\n", "", "line 28: the file ends here, before its '\\end\\'"),
        ("ngram 1=6\n", "", "line 5: 'ngram 2=5': orders must be 1, 2, 3 … and at most 20"),
        ("ngram 1=6\nngram 2=5\nngram 3=2\n", "", "line 6: '\\\\1-grams:' stands where 'ngram 1=…' is expected"),
        ("ngram 2=5", "ngram 2=4", "line 22: more 2-grams than the 4 that the header declares"),
        ("ngram 2=5", "ngram 2=999999999999999", "line 24: only 5 2-grams where the header declares 999,999,999,999,999"),
        ("ngram 3=2", "ngram 3=many", "line 7: 'ngram 3=many' stands where '\\\\1-grams:' is expected"),
        ("\\2-grams:\n", "", "line 17: '-0.2 <s> a -0.05' has 4 fields; expected a logarithm, 1 symbols"),
        ("\\2-grams:", "\\4-grams:", "line 17: '\\\\4-grams:' stands where '\\\\2-grams:' is expected"),
        ("\\end\\\n", "", "line 28: the file ends here, before its '\\end\\'; if it is an ARPA file it was cut off"),
        ("-0.4 a b </s>\n\n\\end\\\n", "", "line 26: the file ends here, before its '\\end\\'"),
        ("\\end\\", "\\fin\\", "line 28: '\\\\fin\\\\' stands where '\\\\end\\\\' is expected"),
        ("-0.4 a -0.1", "0.4 a -0.1", "line 13: the logarithm of a probability must be from -1000 to 0"),
        ("-0.4 a -0.1", "nan a -0.1", "line 13: the logarithm of a probability must be from -1000 to 0"),
        ("-0.4 a -0.1", "-inf a -0.1", "line 13: the logarithm of a probability must be from -1000 to 0"),
        ("-0.4 a -0.1", "-1e400 a -0.1", "line 13: the logarithm of a probability must be from -1000 to 0"),
        ("-0.4 a -0.1", "-0.4 a inf", "line 13: a backoff weight must be from -1000 to 1000"),
        ("-0.4 a -0.1", "often a -0.1", "line 13: 'often a -0.1': could not convert string to float"),
        ("-0.4 a -0.1", "-0.4 a -0.1 2", "line 13: '-0.4 a -0.1 2' has 4 fields; expected a logarithm, 1 symbols"),
        ("-0.4 a -0.1", "-0.4", "line 13: '-0.4' has 1 fields; expected a logarithm, 1 symbols"),
        ("-0.9 <space>", "-0.9 a", "line 15: this 1-gram stands here a second time"),
        ("-0.6 a <space>", "-0.6 a b", "line 20: this 2-gram stands here a second time"),
        ("-0.6 a <space>", "-0.6 a é", "line 20: symbol 'é' is not among the 1-grams"),
        ("-0.6 a <space>", "-0.6 a <s>", "line 20: <s> can only be the first symbol"),
        ("-0.6 a <space>", "-0.6 </s> a", "line 20: </s> can only be the last symbol"),
        ("-0.4 a b </s>", "-0.4 b b </s>", "line 26: what this 3-gram starts with is not among the 2-grams"),
        ("0 <s> -0.25", "-1 x -0.25", "line 17: <s> is not among the 1-grams"),
        ("-0.6 </s>\n", "-0.6 x\n", "line 17: </s> is not among the 1-grams"),
        ("-0.4 a -0.1", "-0.4 a -0.1" + " " * 70_000, "line 13: longer than 65,536 bytes; this is no ARPA file"),
    ],
)  # fmt: skip
def test_what_is_broken_is_said_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert FOREIGN.count(old) >= 1
    path = tmp_path / "broken.arpa"
    path.write_text(FOREIGN.replace(old, new, 1))
    with pytest.raises(GrammarError) as raised:
        NGram.load(path, Alphabet("ab ", "ab "))
    assert str(raised.value).startswith(f"'{path}', {message}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: the file ends here, before its"),
        (bytes(range(256)) * 4, "line 6: the file ends here, before its"),
        (b"\x00" * 200_000, "line 1: longer than 65,536 bytes; this is no ARPA file"),
        (b"a word\n" * 5000, "line 1001: no line '\\data\\' until here; this is no ARPA file"),
        (FOREIGN.encode("utf-16"), "line 30: the file ends here, before its"),
        (FOREIGN.replace("-0.7 b", "-0.7 é").encode("latin-1"), "line 14: not UTF-8 ('utf-8' codec can't decode byte 0xe9"),
        (gzip.compress(FOREIGN.encode(), mtime=0)[:-40], "line "),
        (gzip.compress(FOREIGN.encode(), mtime=0)[:20] + b"\xff" * 60, "line 1: cannot be read further ("),
        (b"\x1f\x8b not packed", "line 1: cannot be read further ("),
        (gzip.compress(b"\n" * 100_000), "line 1000: 1,000 blank lines; this is no ARPA file"),
        (b"\\data\\\nngram 1=1\n" + b"ngram 2=1\n" * 3, "line 4: 'ngram 2=1': orders must be 1, 2, 3"),
        (b"\\data\\\n" + b"".join(b"ngram %d=0\n" % order for order in range(1, 30)), "line 22: 'ngram 21=0': orders must be"),
    ],
)
def test_what_is_no_arpa_file_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rubbish.arpa"
    path.write_bytes(content)
    with pytest.raises(GrammarError) as raised:
        NGram.load(path, Alphabet("ab ", "ab "))
    assert str(raised.value).startswith(f"'{path}', {message}")


@shared_folder
@given(cuts=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), st.binary(max_size=8)), min_size=1, max_size=4))
def test_damaged_file_is_a_model_still_or_a_grammar_error(tmp_path: Path, cuts: list[tuple[int, int, bytes]]) -> None:
    content = FOREIGN.encode()
    for place, length, new in cuts:
        content = content[:place] + new + content[place + length :]
    (tmp_path / "damaged.arpa").write_bytes(content)
    try:
        model = NGram.load(tmp_path / "damaged.arpa", Alphabet("ab ", "ab "))
    except GrammarError:
        return
    assert -math.inf < model.log_probability([1, 2, 3, 3]) < math.inf


def test_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "lost.arpa", tmp_path):
        with pytest.raises(GrammarError, match=r"cannot be read: .*; give the path of an ARPA file"):
            NGram.load(path, ABC)


def test_writing_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "model.arpa").mkdir()
    with pytest.raises(ModelFileError, match="cannot be written"):
        NGram.from_labels(["a"], ABC).save(tmp_path / "model.arpa")
    assert (tmp_path / "model.arpa").is_dir()
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.arpa"]
