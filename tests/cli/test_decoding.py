"""Options that say how to decode: what they find on the command line, and how they fail."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from seqrec import Alphabet, builtin, hookimpl
from seqrec.decoding import Decoding, Entry, Lexicon, NGram, Pattern, save_lexicon
from seqrec.pictures import encode_png
from seqrec.plugins import Registry, build_registry
from seqrec.recognizer import Recognizer, load
from seqrec.task import Task
from seqrec.testing import bars

WORDS = ["bAD", "AdD", "DAD", "abba", "dad", "cab", "bAdD", "DDDD"]


@hookimpl
def seqrec_tasks() -> list[Task]:
    lexicons = {"words": lambda: ["bad\t1\tbAD\tbad", *WORDS[1:]]}
    return [dataclasses.replace(bars.seqrec_tasks()[0], lexicons=lexicons, grammars={"low": low, "three": three})]


def low(alphabet: Alphabet) -> Any:
    """Small letters only, as tables."""
    return Pattern("[a-d]+", alphabet).automaton


class Three:
    """Three symbols, as a Python object; those of higher numbers are less likely."""

    def start(self) -> int:
        return 0

    def step(self, state: Any, symbol: int) -> tuple[int, float] | None:
        return (state + 1, -symbol) if state < 3 else None

    def final(self, state: Any) -> float:
        return 0.0 if state == 3 else -np.inf


def three(alphabet: Alphabet) -> Any:
    return Three()


@pytest.fixture(scope="module")
def offering() -> Registry:
    """The built-ins, and the task of bars with a lexicon and two grammars."""
    plugin = SimpleNamespace(seqrec_tasks=seqrec_tasks)
    return build_registry([("seqrec", "", lambda: builtin), ("seqrec-bars", "1.0", lambda: plugin)])


@pytest.fixture
def reader(tiny_model: Path, offering: Registry) -> Recognizer:
    return load(tiny_model, plugins=offering, device="cpu")


@pytest.fixture
def recognize(
    seqrec: Callable[..., Any], tiny_model: Path, offering: Registry, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """`seqrec recognize --model … PHOTOS OPTIONS…`."""
    for module in ("seqrec.plugins", "seqrec.recognizer"):
        monkeypatch.setattr(f"{module}.registry", lambda: offering)
    return lambda *options: seqrec("recognize", "--model", tiny_model, *photos, *options)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pictures in the working folder, which also holds a list of words."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("\ufeff" + "\r\n\r\n".join(WORDS), encoding="utf-8")
    names = [f"{number}.png" for number in range(8)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(encode_png(bars.BarRenderer().render(np.random.default_rng(number)).image))
    return names


def texts(found: Any) -> list[str]:
    """Readings of a command that went well and had nothing to tell."""
    assert (found.code, found.err) == (0, "")
    return [line.split("\t", 1)[1] for line in found.out.splitlines()]


def told(reader: Recognizer, photos: list[str], decoding: Decoding) -> list[str]:
    """The same from Python."""
    readings = reader.read(list(photos), decoding=decoding)
    return [reading.text + ("\t(free)" if reading.free else "") for reading in readings]


def test_nothing_said_is_greedy(recognize: Callable[..., Any], reader: Recognizer, photos: list[str]) -> None:
    assert texts(recognize()) == texts(recognize("--decoder", "greedy")) == told(reader, photos, Decoding())


def test_lexicon_of_a_text_file_a_compiled_file_and_the_task_read_the_same_words(
    recognize: Callable[..., Any], reader: Recognizer, photos: list[str]
) -> None:
    save_lexicon(Path("words.lex"), Lexicon.compile(WORDS, bars.BARS))
    expected = told(reader, photos, Decoding(lexicon=WORDS))
    assert set(expected) <= set(WORDS)
    assert len(set(expected)) > 2
    for source in ("words.txt", "words.lex", "words"):
        assert [text.replace("bad", "bAD") for text in texts(recognize("--lexicon", source))] == expected, source


def test_file_wins_over_a_lexicon_of_the_task_with_its_name(recognize: Callable[..., Any]) -> None:
    Path("words").write_text("DDDD")
    assert set(texts(recognize("--lexicon", "words"))) == {"DDDD"}


def test_jsonl_tells_canonical_form_share_and_alternatives(recognize: Callable[..., Any], photos: list[str]) -> None:
    found = recognize("--lexicon", "words", "--lexicon-share", "--n-best", "3", "--format", "jsonl")
    rows = [json.loads(line) for line in found.out.splitlines()]
    assert [row["path"] for row in rows] == photos
    assert {"bAD"} <= {row["text"] for row in rows if row["word"] == "bad"} <= {"bAD", "bad"}
    for row in rows:
        ranked = [row, *row["alternatives"]]
        assert len(ranked) == 3
        assert all(0 <= one["share"] <= 1 for one in ranked)
        assert [one["share"] for one in ranked] == sorted((one["share"] for one in ranked), reverse=True)
        assert "free" not in row


def test_threshold_keeps_the_free_reading_and_marks_it(
    recognize: Callable[..., Any], reader: Recognizer, photos: list[str]
) -> None:
    greedy = told(reader, photos, Decoding())
    found = texts(recognize("--lexicon", "words.txt", "--lexicon-threshold", "0.9"))
    words = texts(recognize("--lexicon", "words.txt"))
    assert any("\t(free)" in text for text in found)
    assert not all("\t(free)" in text for text in found)
    for text, free, word in zip(found, greedy, words, strict=True):
        assert text in (word, f"{free}\t(free)")
    told_in_json = recognize("--lexicon", "words.txt", "--lexicon-threshold", "0.9", "--format", "jsonl")
    rows = [json.loads(line) for line in told_in_json.out.splitlines()]
    assert [row.get("free", False) for row in rows] == ["\t(free)" in text for text in found]
    assert all(("word" in row) != row.get("free", False) for row in rows)


def test_mode_of_the_paper_reads_only_words_near_the_free_reading(
    recognize: Callable[..., Any], reader: Recognizer, photos: list[str]
) -> None:
    greedy = told(reader, photos, Decoding())
    at_all = texts(recognize("--lexicon", "words.txt", "--lexicon-mode", "bktree", "--delta", "0"))
    assert at_all == [free if free in WORDS else f"{free}\t(free)" for free in greedy]
    assert texts(recognize("--lexicon", "words.txt", "--lexicon-mode", "bktree", "--delta", "9")) == texts(
        recognize("--lexicon", "words.txt")
    )


def test_case_may_be_any(recognize: Callable[..., Any], reader: Recognizer, photos: list[str]) -> None:
    Path("words.txt").write_text("Dad\n")
    assert set(texts(recognize("--lexicon", "words.txt"))) == {"Dad"}
    found = recognize("--lexicon", "words.txt", "--lexicon-case", "any", "--format", "jsonl")
    rows = [json.loads(line) for line in found.out.splitlines()]
    assert [row["text"] for row in rows] == told(reader, photos, Decoding(lexicon=[Entry("Dad", ["dad", "Dad", "DAD"])]))
    assert {row["text"] for row in rows} - {"Dad"}
    assert {row["word"] for row in rows} == {"Dad"}


def test_pattern_is_matched_by_every_reading(recognize: Callable[..., Any], reader: Recognizer, photos: list[str]) -> None:
    found = texts(recognize("--pattern", "[a-d]{2,3}"))
    pattern = Pattern("[a-d]{2,3}", bars.BARS)
    assert all(pattern.matches(bars.BARS.encode(text)) for text in found)
    assert found == told(reader, photos, Decoding(pattern="[a-d]{2,3}"))
    assert texts(recognize("--pattern", ".*")) == texts(recognize("--decoder", "beam"))


def test_pattern_that_no_picture_has_room_for_leaves_the_free_reading(
    recognize: Callable[..., Any], reader: Recognizer, photos: list[str]
) -> None:
    expected = [f"{text}\t(free)" for text in told(reader, photos, Decoding())]
    assert texts(recognize("--pattern", "[a-d]{300}")) == expected


def test_language_model_changes_what_is_read_by_its_weight(
    recognize: Callable[..., Any], reader: Recognizer, photos: list[str]
) -> None:
    model = NGram.from_labels(["dddd", "dd"], bars.BARS, 2)
    model.save("model.arpa")
    assert texts(recognize("--lm", "model.arpa", "--lm-weight", "0")) == texts(recognize("--decoder", "beam"))
    found = texts(recognize("--lm", "model.arpa"))
    assert found == told(reader, photos, Decoding(lm=model, lm_weight=0.3))
    heavy = texts(recognize("--lm", "model.arpa", "--lm-weight", "5"))
    weights = [[model.log_probability(bars.BARS.encode(text)) for text in some] for some in (found, heavy)]
    assert sum(weights[1]) > sum(weights[0])


def test_grammars_of_the_task_are_named_and_weighed(recognize: Callable[..., Any], reader: Recognizer, photos: list[str]) -> None:
    assert texts(recognize("--grammar", "low")) == told(reader, photos, Decoding(pattern="[a-d]+"))
    light, heavy = texts(recognize("--grammar", "three")), texts(recognize("--grammar", "three=9"))
    assert {len(text) for text in [*light, *heavy]} == {3}
    assert light == told(reader, photos, Decoding(grammars=[(Three(), 1.0)]))
    assert light != heavy
    assert sum(sum(bars.BARS.encode(text)) for text in heavy) < sum(sum(bars.BARS.encode(text)) for text in light)
    both = texts(recognize("--grammar", "three", "--grammar", "low"))
    assert all(len(text) == 3 and text.islower() for text in both)


def test_everything_holds_at_once(recognize: Callable[..., Any]) -> None:
    NGram.from_labels(WORDS, bars.BARS, 2).save("model.arpa")
    options = ["--lexicon", "words.txt", "--pattern", ".{3}", "--lm", "model.arpa", "--grammar", "three"]
    found = texts(recognize(*options, "--beam-width", "100"))
    assert set(found) <= {word for word in WORDS if len(word) == 3}


def test_alternatives_stand_below_each_reading_with_their_confidences(
    recognize: Callable[..., Any], reader: Recognizer, photos: list[str]
) -> None:
    lines = recognize("--n-best", "3", "--beam-width", "20").out.splitlines()
    expected = []
    for photo, reading in zip(photos, reader.read(list(photos), decoding=Decoding(n_best=3, beam_width=20)), strict=True):
        assert len(reading.alternatives) == 2
        expected.append(f"{photo}\t{reading.text}")
        expected += [f"\t{other.text}\t{other.confidence:.4f}" for other in reading.alternatives]
    assert lines == expected


def test_words_outside_the_alphabet_are_left_out_counted_and_named(recognize: Callable[..., Any]) -> None:
    Path("words.txt").write_text("bAD\nbéé\nxyz\nAdD\n", encoding="utf-8")
    found = recognize("--lexicon", "words.txt")
    assert found.code == 0
    assert found.err == "lexicon: left out 2 words with symbols outside the alphabet ('béé', 'xyz')\n"
    assert {line.split("\t")[1] for line in found.out.splitlines()} <= {"bAD", "AdD"}


def test_smaller_alphabet_takes_words_in_its_own_spelling(recognize: Callable[..., Any]) -> None:
    found = recognize("--lexicon", "words.txt", "--alphabet", "bars4", "--format", "jsonl")
    rows = [json.loads(line) for line in found.out.splitlines()]
    assert {row["text"] for row in rows} <= {word.lower() for word in WORDS}
    assert {row["word"] for row in rows} <= set(WORDS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lexicon", "empty.txt"], "the lexicon holds no word; give at least one word of alphabet 'bars8'"),
        (
            ["--lexicon", "foreign.txt"],
            "the lexicon holds no word: 2 words with symbols outside the alphabet ('xyz', 'é') and nothing else; give",
        ),
        (["--lexicon", "wordz"], "lexicon 'wordz': no such file, and none of this task's; did you mean 'words'?"),
        (["--lexicon", "folder"], "lexicon 'folder' cannot be read: Is a directory"),
        (["--lexicon", "latin1.txt"], "lexicon 'latin1.txt' is no text in UTF-8"),
        (["--lexicon", "weight.txt"], "'weight.txt', line 1: the weight of 'abba' is 'often'; expected a number above 0"),
        (["--lexicon", "zero.txt"], "lexicon: the weight of 'abba' is 0.0; expected "),
        (["--lexicon", "cut.lex"], "lexicon 'cut.lex' is truncated or longer than written: "),
        (["--lexicon", "stub.lex"], "lexicon 'stub.lex' is truncated: "),
        (["--lexicon", "four.lex"], "lexicon 'four.lex' is of alphabet 'bars4' (4 symbols), the reader's is 'bars8' (8); build"),
        (["--lexicon", "words", "--lexicon-mode", "paper"], "lexicon mode 'paper': expected one of exact, bktree"),
        (["--lexicon", "words", "--lexicon-case", "upper"], "lexicon case 'upper': expected one of exact, any"),
        (["--lexicon", "words", "--lexicon-threshold", "2"], "lexicon threshold 2.0: expected a ratio of probabilities, 0 to 1"),
        (["--lexicon-threshold", "0.5"], "a lexicon mode or threshold needs a lexicon; name one"),
        (["--lexicon-mode", "bktree"], "a lexicon mode or threshold needs a lexicon; name one"),
        (
            ["--lexicon", "words", "--lexicon-mode", "bktree", "--pattern", "a"],
            "the bktree mode takes a lexicon alone; leave the pattern, the language model and grammars out",
        ),
        (["--pattern", "()"], "pattern '()': matches only the empty sequence; write what may be read"),
        (["--pattern", "a[^a-dA-D]"], "pattern 'a[^a-dA-D]': class '[^a-dA-D]', which matches nothing, at position 2"),
        (["--pattern", "abx"], "pattern 'abx': symbol 'x' (U+0078) outside alphabet 'bars8' (8 symbols) at position 3"),
        (["--pattern", "(a"], "pattern '(a': unbalanced '(' at position 1; close it with ')'"),
        (["--lm", "lost.arpa"], "'lost.arpa' cannot be read"),
        (["--lm", "words.txt"], "'words.txt', line 16: the file ends here, before its '\\end\\'"),
        (["--lm", "xyz.arpa"], "'xyz.arpa' is a model of another alphabet: 3 of its symbols are not in alphabet 'bars8' ('x', "),
        (["--lm", "cut.arpa"], "'cut.arpa', line "),
        (["--lm", "model.arpa", "--lm-weight", "nan"], "language model weight nan: expected a moderate number, such as 0.3"),
        (["--grammar", "law"], "grammar 'law': this task offers none of that name; did you mean 'low'?"),
        (["--grammar", "low=much"], "--grammar low=much: 'much' is no number; say NAME or NAME=WEIGHT"),
        (["--decoder", "viterbi"], "decoder 'viterbi': expected one of greedy, beam"),
        (["--decoder", "greedy", "--n-best", "2"], "the greedy decoder takes no constraints and gives one reading; say beam"),
        (["--decoder", "greedy", "--pattern", "a"], "the greedy decoder takes no constraints"),
        (["--beam-width", "0"], "Invalid value for '--beam-width'"),
        (["--n-best", "0"], "Invalid value for '--n-best'"),
    ],
)  # fmt: skip
def test_what_cannot_be_met_is_one_line_and_exit_code_2(recognize: Callable[..., Any], options: list[str], message: str) -> None:
    Path("folder").mkdir()
    Path("empty.txt").write_text("\n \n\t\n")
    Path("foreign.txt").write_text("xyz\né\n", encoding="utf-8")
    Path("latin1.txt").write_bytes(b"b\xe9\n")
    Path("weight.txt").write_text("abba\toften\n")
    Path("zero.txt").write_text("abba\t0\n")
    save_lexicon(Path("words.lex"), Lexicon.compile(WORDS, bars.BARS))
    Path("cut.lex").write_bytes(Path("words.lex").read_bytes()[:-64])
    Path("stub.lex").write_bytes(Path("words.lex").read_bytes()[:100])
    save_lexicon(Path("four.lex"), Lexicon.compile(["abba"], bars.LOW_BARS))
    NGram.from_labels(WORDS, bars.BARS, 2).save("model.arpa")
    Path("cut.arpa").write_bytes(Path("model.arpa").read_bytes()[:-8])
    NGram.from_labels(["xyz"], Alphabet("xyz", "xyz"), 2).save("xyz.arpa")
    found = recognize(*options)
    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith(f"error: {message}")


def test_lexicon_file_of_something_else_is_read_as_text_and_refused(recognize: Callable[..., Any], tiny_model: Path) -> None:
    found = recognize("--lexicon", tiny_model)
    assert (found.code, found.out) == (2, "")
    assert len(found.err.splitlines()) == 1
    assert "UTF-8" in found.err
