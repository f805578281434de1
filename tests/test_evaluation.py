"""Evaluations counted by hand and by a second road."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec import metrics
from seqrec.alphabet import Alphabet
from seqrec.data.lexicons import own_lexicons
from seqrec.data.store import LmdbStore
from seqrec.data.writer import LmdbWriter
from seqrec.errors import DataError, ImageError, SeqrecError
from seqrec.evaluation import evaluate
from seqrec.interfaces import Picture
from seqrec.reading import Reading
from seqrec.rows import Row, confused, gallery, judge, wilson_interval
from seqrec.scores import Evaluation, total, verdict
from seqrec.task import Protocol

LOWER = Alphabet("lower", "abcdefghijklmnopqrstuvwxyz", canonical={"A": "a", "B": "b", "C": "c"})
WIDE = Alphabet("wide", "abcABC!")


@dataclass(frozen=True)
class ListStore:
    """Labels with pictures whose bytes say nothing but their number."""

    labels: Sequence[str]
    keys: Sequence[str] = ()
    broken: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def key(self, index: int) -> str:
        return self.keys[index] if self.keys else f"sample-{index}"

    def label(self, index: int) -> str:
        return self.labels[index]

    def encoded(self, index: int) -> bytes:
        if index in self.broken:
            raise DataError(f"sample-{index}: its page is damaged")
        return str(index).encode()


@dataclass(frozen=True)
class RecitingReader:
    """Reads what it was told, last picture first; `None` is a picture that it cannot open."""

    alphabet: Alphabet
    answers: Sequence[str | None]
    confidence: float = 0.5

    def folded(self, alphabet: Alphabet) -> "RecitingReader":
        answers = [None if answer is None else alphabet.reduce(answer) for answer in self.answers]
        return RecitingReader(alphabet, answers, self.confidence)

    def read_many(
        self, sources: Iterable[tuple[str, bytes | Path | Picture]]
    ) -> Iterator[tuple[str, Reading | SeqrecError, Picture | None]]:
        for key, source in reversed(list(sources)):
            assert isinstance(source, bytes)
            answer = self.answers[int(source)]
            if answer is None:
                yield key, ImageError(f"'{key}' is broken"), None
            else:
                symbols = tuple(self.alphabet.split(answer))
                yield key, Reading(symbols, answer, self.confidence), np.zeros((32, 100), np.uint8)


@dataclass(frozen=True)
class ChoosingReader(RecitingReader):
    """Reads the first word of the picture's lexicon, or what it was told."""

    lexicons: Callable[[str], Sequence[str] | None] = lambda key: None

    def folded(self, alphabet: Alphabet) -> "ChoosingReader":
        return replace(self, alphabet=alphabet)

    def with_lexicons(self, lexicons: Callable[[str], Sequence[str] | None]) -> "ChoosingReader":
        return replace(self, lexicons=lexicons)

    def read_many(
        self, sources: Iterable[tuple[str, bytes | Path | Picture]]
    ) -> Iterator[tuple[str, Reading | SeqrecError, Picture | None]]:
        for key, reading, picture in super().read_many(sources):
            words = self.lexicons(key)
            if words is not None:
                symbols = tuple(self.alphabet.reduce(words[0]))
                reading = Reading(symbols, "".join(symbols), 0.5, word=words[0], share=0.25)
            yield key, reading, picture


def test_rates_are_those_counted_by_hand() -> None:
    found = evaluate(RecitingReader(LOWER, ["abc", "ab", "b", "xyzz"]), ListStore(["abc", "abc", "a", "xyz"]))
    assert (found.samples, found.right, found.errors, found.symbols) == (4, 1, 3, 10)
    assert found.sequence_accuracy == 1 / 4
    assert found.symbol_error_rate == 3 / 10
    assert found.one_minus_ned == pytest.approx((1 + 2 / 3 + 0 + 3 / 4) / 4)
    assert found.confusions == {("", "z"): 1, ("a", "b"): 1, ("c", ""): 1}
    assert found.images_per_s > 0


words = st.text("abc", max_size=6)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=20).filter(lambda pairs: any(label for label, _ in pairs)))
def test_rates_agree_with_the_metrics_and_confusions_with_the_distance(pairs: list[tuple[str, str]]) -> None:
    labels, answers = zip(*pairs, strict=True)
    found = evaluate(RecitingReader(LOWER, answers), ListStore(labels))
    assert found.sequence_accuracy == metrics.sequence_accuracy(answers, labels)
    assert found.symbol_error_rate == metrics.symbol_error_rate(answers, labels)
    assert found.one_minus_ned == pytest.approx(metrics.one_minus_ned(answers, labels))
    assert sum(found.confusions.values()) == found.errors == sum(row.distance for row in found.rows)
    assert [row.text for row in found.rows] == list(answers)


def test_confusions_name_substitutions_insertions_and_deletions() -> None:
    assert confused("ab", "ab") == []
    assert confused("ab", "aX") == [("b", "X")]
    assert confused("ab", "abX") == [("", "X")]
    assert confused("ab", "b") == [("a", "")]
    assert confused(["note-C4", "rest"], ["note-D4", "rest"]) == [("note-C4", "note-D4")]


def test_most_frequent_confusion_comes_first() -> None:
    found = evaluate(RecitingReader(LOWER, ["b", "c", "c"]), ListStore(["a", "a", "a"]))
    assert list(found.confusions.items()) == [(("a", "c"), 2), (("a", "b"), 1)]


def test_protocol_reduces_labels_and_folds_the_reader() -> None:
    protocol = Protocol("lower", LOWER)
    found = evaluate(RecitingReader(WIDE, ["aB!", "C"]), ListStore(["Ab", "c!"]), protocol)
    assert found.sequence_accuracy == 1
    assert [row.label for row in found.rows] == ["ab", "c"]
    assert (found.protocol, found.alphabet) == ("lower", "lower")


def test_without_a_protocol_case_and_signs_count() -> None:
    found = evaluate(RecitingReader(WIDE, ["aB!", "C"]), ListStore(["Ab", "C"]))
    assert found.sequence_accuracy == 1 / 2
    assert found.protocol == "exact"


def test_other_spellings_of_a_symbol_count_as_the_symbol() -> None:
    assert evaluate(RecitingReader(LOWER, ["abc"]), ListStore(["ABC"])).sequence_accuracy == 1


def test_protocol_keeps_by_the_stored_label_and_the_rest_is_counted() -> None:
    protocol = Protocol("long", LOWER, keep=lambda label: len(label) >= 3)
    found = evaluate(RecitingReader(WIDE, ["a", "ab", "abc"]), ListStore(["a", "ab!", "abc"]), protocol)
    assert (found.size, found.samples, found.filtered) == (3, 2, 1)
    assert [row.key for row in found.rows] == ["sample-1", "sample-2"]


def test_unreadable_pictures_are_skipped_and_named() -> None:
    found = evaluate(RecitingReader(LOWER, ["a", None, "c"]), ListStore(["a", "b", "c"], broken=[2]))
    assert (found.size, found.samples, found.sequence_accuracy) == (3, 1, 1)
    assert [skip.key for skip in found.skipped] == ["sample-1", "sample-2"]
    assert "is broken" in found.skipped[0].reason
    assert "damaged" in found.skipped[1].reason


def test_label_outside_the_alphabet_counts_as_wrong_and_is_named() -> None:
    found = evaluate(RecitingReader(LOWER, ["a", "caf"]), ListStore(["a", "café"]))
    assert found.sequence_accuracy == 1 / 2
    assert [skip.key for skip in found.outside] == ["sample-1"]
    assert "'é'" in found.outside[0].reason


def test_label_within_the_protocol_but_beyond_the_reader_is_named() -> None:
    small = Alphabet("small", "ab")
    found = evaluate(RecitingReader(small, ["a", "a"]), ListStore(["a", "z"]), Protocol("lower", LOWER))
    assert [skip.key for skip in found.outside] == ["sample-1"]


def test_label_of_which_reduction_leaves_nothing_asks_for_an_empty_reading() -> None:
    found = evaluate(RecitingReader(WIDE, ["a", "?", "b"]), ListStore(["a", "!", "!"]), Protocol("lower", LOWER))
    assert (found.samples, found.filtered, found.skipped) == (3, 0, ())
    assert [row.right for row in found.rows] == [True, True, False]


def test_samples_of_one_key_are_kept_apart() -> None:
    found = evaluate(RecitingReader(LOWER, ["a", "b"]), ListStore(["a", "b"], keys=["same", "same"]))
    assert found.samples == 2
    assert found.sequence_accuracy == 1


@pytest.mark.parametrize(
    ("labels", "answers", "protocol", "message"),
    [
        ([], [], None, "is empty"),
        (["", ""], ["", ""], None, "all labels are empty"),
        (["!", "?"], ["a", "a"], Protocol("lower", LOWER), "all labels are empty under protocol 'lower'"),
        (["a"], ["a"], Protocol("none", LOWER, keep=lambda _: False), "keeps none of its 1 labels"),
        (["a", "b"], [None, None], None, "none of 2 pictures can be read"),
    ],
)
def test_data_set_that_leaves_nothing_to_judge_is_refused(
    labels: list[str], answers: list[str | None], protocol: Protocol | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        evaluate(RecitingReader(WIDE, answers), ListStore(labels), protocol, name="signs")


def test_progress_ends_with_all_pictures_done() -> None:
    calls: list[tuple[int, int]] = []
    evaluate(RecitingReader(LOWER, ["a", None, "b"]), ListStore(["a"] * 3), on_progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_total_counts_every_sample_the_same() -> None:
    one = evaluate(RecitingReader(LOWER, ["a"]), ListStore(["a"]), name="one")
    other = evaluate(RecitingReader(LOWER, ["b", "ab", "c"]), ListStore(["a", "ab", "a"]), name="other")
    both = total([one, other])
    assert (both.samples, both.right, both.size) == (4, 2, 4)
    assert both.symbol_error_rate == 2 / 5
    assert both.confusions == {("a", "b"): 1, ("a", "c"): 1}
    assert [row.key for row in both.rows] == ["one/sample-0", "other/sample-0", "other/sample-1", "other/sample-2"]


def test_total_of_different_protocols_is_refused() -> None:
    exact = evaluate(RecitingReader(WIDE, ["a"]), ListStore(["a"]))
    lower = evaluate(RecitingReader(WIDE, ["a"]), ListStore(["a"]), Protocol("lower", LOWER))
    with pytest.raises(DataError, match="'exact', 'lower'"):
        total([exact, lower])


def test_json_holds_the_rates_and_rows_without_pictures() -> None:
    found = evaluate(RecitingReader(LOWER, ["ab", "b"]), ListStore(["ab", "é"]), name="signs")
    values = json.loads(found.to_json())
    assert values["sequence_accuracy"] == 0.5
    assert values["confusions"] == [{"label": "é", "read": "b", "count": 1}]
    assert values["rows"][0] == {
        "key": "sample-0", "label": "ab", "text": "ab", "confidence": 0.5, "distance": 0, "right": True, "length": 2,
        "width_px": 100, "height_px": 32,
    }  # fmt: skip


def judged(pairs: Sequence[tuple[float, bool]]) -> Evaluation:
    """An evaluation of readings of these confidences."""
    found = evaluate(RecitingReader(LOWER, ["a"] * len(pairs)), ListStore(["a"] * len(pairs)))
    rows = [replace(row, confidence=one, right=right) for row, (one, right) in zip(found.rows, pairs, strict=True)]
    return replace(found, rows=tuple(rows))


def test_confidences_are_measured_and_one_that_is_no_number_counts_as_none() -> None:
    found = judged([(0.9, True), (0.7, True), (0.6, False), (float("nan"), True)])
    assert found.outcomes[0].tolist() == [0.9, 0.7, 0.6, 0.0]
    assert found.calibration_error == pytest.approx((0.1 + 0.3 + 0.6 + 1.0) / 4)
    assert found.risk_coverage.wrong.tolist() == [0, 0, 1, 1]
    assert json.loads(found.to_json())["calibration"] == {
        "bins": 15,
        "expected_calibration_error": pytest.approx(0.5),
        "risk_coverage_area": pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4),
        "thresholds": [
            {"risk": risk, "threshold": 0.7, "coverage": 0.5, "left": 0.5, "accepted": 2, "wrong": 0, "share_wrong": 0.0,
             "at_most": pytest.approx(1 - 0.05**0.5)}
            for risk in (0.001, 0.01, 0.05)
        ],
    }  # fmt: skip


def test_verdict_answers_which_threshold_and_how_much_is_left() -> None:
    many = [(0.95 + index / 100_000, index != 0) for index in range(1_000)] + [(0.25, False)] * 250
    assert verdict(judged(many)) == (
        "accept readings with confidence ≥ 0.9: 0.1 % of those are wrong (95 %: at most 0.5 %), "
        "20.0 % of pictures are left to a person"
    )
    assert verdict(judged([(0.5, True)] * 10)) == (
        "accept all readings: 0.0 % of those are wrong (95 %: at most 25.9 %), and no picture is left to a person"
    )
    assert verdict(judged([(0.9, False), (0.8, True), (0.2, False)])) == (
        "no threshold leaves at most 1 % wrong: at best, with confidence ≥ 0.8, 50.0 % of 2 readings are"
    )


def test_pictures_are_kept_only_for_the_rows_of_the_gallery() -> None:
    answers = ["a" if index % 3 else "b" * (index % 7) for index in range(3000)]
    found = evaluate(RecitingReader(LOWER, answers), ListStore(["a"] * 3000), pictures=5)
    shown = gallery(found.rows, 5)
    taken = {row.key for row in (*shown.sure_but_wrong, *shown.far_off, *shown.best)}
    assert {row.key for row in found.rows if row.picture is not None} == taken
    assert len(taken) == 15


def test_gallery_puts_the_surest_errors_first_and_shows_no_row_twice() -> None:
    rows = [Row(f"{index}", "ab", "xy", index / 10, index % 3, False) for index in range(9)]
    shown = gallery([*rows, Row("right", "ab", "ab", 0.9, 0, True)], each=3)
    assert [row.key for row in shown.sure_but_wrong] == ["8", "7", "6"]
    assert [row.key for row in shown.far_off] == ["5", "2", "4"]
    assert [row.key for row in shown.best] == ["right"]


def test_row_of_a_large_picture_keeps_its_size_and_a_small_picture() -> None:
    row = judge("big", "ab", Reading(("a", "b"), "ab", 0.9), LOWER, np.zeros((960, 2000), np.uint8))
    assert (row.width_px, row.height_px, row.right, row.length) == (2000, 960, True, 2)
    assert row.picture is not None
    assert row.picture.shape == (48, 100)


def test_length_is_counted_in_symbols() -> None:
    music = Alphabet("music", ["note-C4", "rest"], separator=" ")
    row = judge("bar", "note-C4 rest", Reading(("note-C4",), "note-C4", 0.9), music)
    assert (row.length, row.distance) == (2, 1)


@pytest.mark.parametrize(("right", "samples"), [(0, 7), (3, 7), (7, 7), (881, 1000)])
def test_wilson_interval_ends_where_the_score_test_just_rejects(right: int, samples: int) -> None:
    low, high = wilson_interval(right, samples)
    assert 0 <= low <= right / samples <= high <= 1
    for bound in (low, high):
        if 1e-9 < bound < 1 - 1e-9:
            score = (right / samples - bound) / (bound * (1 - bound) / samples) ** 0.5
            assert abs(score) == pytest.approx(1.96, abs=0.001)


def test_each_picture_is_read_with_its_own_lexicon() -> None:
    lexicons = [["abc", "x"], None, ["xyz"], []]
    store = ListStore(["abc", "abc", "a", "xyz"])
    found = evaluate(ChoosingReader(LOWER, ["b", "ab", "b", "xyzz"]), store, lexicon_of=lambda index: lexicons[index])
    assert [row.text for row in found.rows] == ["abc", "ab", "xyz", "xyzz"]
    assert [row.right for row in found.rows] == [True, False, False, False]
    assert (found.without_lexicon, found.samples) == (2, 4)


def test_picture_whose_lexicon_has_no_word_of_the_alphabet_is_read_freely() -> None:
    lexicons = [["ÄÖ", "é"], ["é", "ab"], ["!?"], ["Ab!"]]
    reader, store = ChoosingReader(WIDE, ["a", "a", "a", "a"]), ListStore(["a", "a", "a", "a"])
    exact = evaluate(reader, store, lexicon_of=lambda index: lexicons[index])
    assert exact.without_lexicon == 2  # of "!?" the question mark is no symbol of it
    folded = evaluate(reader, store, Protocol("lower", LOWER), lexicon_of=lambda index: lexicons[index])
    assert folded.without_lexicon == 2
    assert [row.text for row in folded.rows] == ["a", "", "a", "ab"]


def test_lexicons_of_samples_with_one_key_are_kept_apart() -> None:
    store = ListStore(["a", "b"], keys=["same", "same"])
    found = evaluate(ChoosingReader(LOWER, ["", ""]), store, lexicon_of=lambda index: ["ab"[index]])
    assert found.sequence_accuracy == 1


def test_lexicons_of_an_lmdb_set_reach_the_reader(tmp_path: Path) -> None:
    with LmdbWriter(tmp_path / "set") as writer:
        writer.add(b"0", "one", lexicon=["one", "two"])
        writer.add(b"1", "one", lexicon=["two", "one"])
        writer.add(b"2", "one")
    store = LmdbStore(tmp_path / "set")
    lexicon = own_lexicons(store, tmp_path / "set")["2"]
    found = evaluate(ChoosingReader(LOWER, ["free"] * 3), store, lexicon_of=lexicon, decoding="lexicon 2")
    assert [row.text for row in found.rows] == ["one", "two", "free"]
    values = found.as_dict()
    assert (values["decoding"], values["without_lexicon"]) == ("lexicon 2", 1)
    assert total([found, found]).without_lexicon == 2


def test_row_keeps_the_word_where_it_is_another_text_and_its_share() -> None:
    found = evaluate(ChoosingReader(LOWER, ["", ""]), ListStore(["abc", "abc"]), lexicon_of=lambda index: [("ABC", "abc")[index]])
    assert [(row.word, row.share) for row in found.rows] == [("ABC", 0.25), ("", 0.25)]
    told = [row.as_dict() for row in found.rows]
    assert (told[0]["word"], told[0]["share"]) == ("ABC", 0.25)
    assert "word" not in told[1]
    assert "free" not in told[1]
    kept = judge("one", "ab", Reading(("a",), "a", 0.9, free=True), LOWER)
    assert kept.as_dict()["free"] is True
