"""A data set in every column that it allows, with a real reader of random weights, and the table that comes of it."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from seqrec.alphabet import fold_map
from seqrec.benchmark import FREE, FULL, Benchmark, KnownSet, Published
from seqrec.columns import Columns, RememberingEngine, in_words, own_decoding
from seqrec.data.readers import open_dataset
from seqrec.data.writer import LmdbWriter
from seqrec.decoding.choice import Decoding, LexiconSource
from seqrec.decoding.fold import fold
from seqrec.decoding.forward import log_probability
from seqrec.errors import DataError, GrammarError
from seqrec.evaluation import evaluate
from seqrec.pictures import encode_png, fit_height, open_picture
from seqrec.plugins import Registry
from seqrec.recognizer import Recognizer, load
from seqrec.task import Protocol
from seqrec.testing.bars import LOW_BARS, BarRenderer

SHORT = ("ab", "ba", "cd", "dcba", "abcd", "bb")
BENCHMARK = Benchmark(
    (KnownSet("Bars", ("bars*",), 100), KnownSet("Long", ("long*",), 7, lambda label: len(label) >= 3)),
    {"6": "short"},
    (
        Published("CRNN", "an old paper", {("Bars", FREE): 71.5, ("Bars", FULL): 90.0, ("Long", FREE): 60.25}),
        Published("another", "a newer one", {("Long", "50"): 99.0}),
    ),
)
TABLE = Protocol("table", LOW_BARS, "made up for tests", benchmark=BENCHMARK)


@pytest.fixture(scope="module")
def reader(tiny_model: Path, plugins: Registry) -> Recognizer:
    task = dataclasses.replace(plugins.task("bars"), lexicons={"short": lambda: SHORT})
    return dataclasses.replace(load(tiny_model, plugins=plugins, device="cpu"), task=task)


def decoding(words: LexiconSource | None) -> Decoding:
    return Decoding(lexicon=words)


def bar_set(path: Path, count: int = 30, lexicons: bool = True) -> Path:
    """An LMDB set of bars; every third picture has no lexicon of its own, the others have three words."""
    rng = np.random.default_rng(3)
    with LmdbWriter(path) as writer:
        for number in range(count):
            sample = BarRenderer().render(rng)
            words = [sample.label, *(BarRenderer().render(rng).label for _ in range(2))]
            writer.add(encode_png(sample.image), sample.label, lexicon=words if lexicons and number % 3 else None)
    return path


@dataclasses.dataclass
class CountingEngine:
    """Counts the pictures that the network runs for."""

    engine: RememberingEngine
    pictures: int = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)

    def run(self, images: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.pictures += len(images)
        return self.engine.run(images, widths)


def best_word(reader: Recognizer, encoded: bytes, words: Sequence[str]) -> str:
    """The second road: every word scored by the forward algorithm on the folded posteriors."""
    size = reader.picture
    scaled = fit_height(
        open_picture(encoded, ""), size.height_px, size.min_width_px, reader.engine.width_step_px, size.max_width_px
    )
    log_probs, lengths = reader.engine.run(scaled[None, None], np.array([scaled.shape[1]]))
    folded = fold(log_probs[: lengths[0], 0], fold_map(reader.engine.alphabet, LOW_BARS), LOW_BARS.classes)
    spelt = {reduced: LOW_BARS.encode(reduced) for word in words if (reduced := LOW_BARS.reduce(word))}
    return max(spelt, key=lambda word: log_probability(folded, spelt[word]))


def test_each_column_reads_the_best_word_of_its_lexicon(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "Bars-1")
    store = open_dataset(path)
    upright = dataclasses.replace(reader, turn_tall=False)
    found = Columns(upright, TABLE, decoding).measure(store, path)
    assert found.columns == ["3", FULL, "6", FREE]
    rows = {column: [row.text for row in one.rows] for column, one in found.evaluations.items()}
    labels = [store.label(index) for index in range(len(store))]
    encoded = [store.encoded(index) for index in range(len(store))]
    assert rows[FULL] == [best_word(reader, one, labels) for one in encoded]
    assert rows["6"] == [best_word(reader, one, SHORT) for one in encoded]
    own = [store.lexicon(index) for index in range(len(store))]  # type: ignore[attr-defined]
    assert rows["3"] == [
        best_word(reader, one, words) if words else free for one, words, free in zip(encoded, own, rows[FREE], strict=True)
    ]
    assert found.evaluations["3"].without_lexicon == 10
    assert rows[FREE] == [row.text for row in evaluate(upright, store, TABLE).rows]
    assert found.evaluations["3"].right > found.evaluations[FREE].right


def test_network_runs_once_a_picture(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "set", 12)
    counting = CountingEngine(reader.engine)  # type: ignore[arg-type]
    counted = dataclasses.replace(reader, engine=counting, turn_tall=False)  # type: ignore[arg-type]
    Columns(counted, TABLE, decoding).measure(open_dataset(path), path)
    assert counting.pictures == 12


def test_network_runs_again_where_memory_ends(reader: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = CountingEngine(reader.engine)  # type: ignore[arg-type]
    images, widths = np.zeros((1, 1, 32, 100), np.uint8), np.array([100])
    engine = RememberingEngine(counting)  # type: ignore[arg-type]
    one, again = engine.run(images, widths), engine.run(images, widths)
    assert counting.pictures == 1
    assert all(np.array_equal(first, second) for first, second in zip(one, again, strict=True))
    engine.run(images, np.array([96]))
    assert counting.pictures == 2
    monkeypatch.setattr("seqrec.columns._REMEMBERED_BYTES", 0)
    small = RememberingEngine(counting)  # type: ignore[arg-type]
    small.run(images, widths)
    small.run(images, widths)
    assert counting.pictures == 4


def test_columns_are_those_that_the_data_allow(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "plain", 6, lexicons=False)
    found = Columns(reader, TABLE, decoding).measure(open_dataset(path), path)
    assert list(found.evaluations) == [FREE, FULL, "6"]
    keys = [f"image-{number:09d}" for number in range(1, 7)]
    (path / "lexicon-1k.tsv").write_text("".join(f"{key}\tab\tba\n" for key in keys))
    (path / "lexicon-50.tsv").write_text(f"{keys[0]}\tab\n")
    found = Columns(reader, TABLE, decoding).measure(open_dataset(path), path)
    assert found.columns == ["50", "1k", FULL, "6", FREE]
    assert {row.text for row in found.evaluations["1k"].rows} <= {"ab", "ba"}
    (path / "lexicon-Full.tsv").write_text(f"{keys[0]}\tab\n")
    with pytest.raises(DataError, match="lexicon 'Full' of its pictures is named as another column; rename the file"):
        Columns(reader, TABLE, decoding).measure(open_dataset(path), path)


def test_known_set_keeps_by_its_own_filter_and_the_full_lexicon_follows(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "long.test", 30, lexicons=False)
    store = open_dataset(path)
    long = [label for index in range(30) if len(label := store.label(index)) >= 3]
    found = Columns(reader, TABLE, decoding).measure(store, path)
    assert (found.name, found.samples) == ("Long", len(long))
    assert found.evaluations[FREE].filtered == 30 - len(long)
    assert {row.text for row in found.evaluations[FULL].rows} <= {LOW_BARS.reduce(label) for label in long}
    assert f"the set's {len({LOW_BARS.reduce(label) for label in long})} different labels" in found.evaluations[FULL].decoding
    assert (
        f"{len(long)} samples judged of 30, {30 - len(long)} left out by the protocol; published results are of 7" in found.remark
    )


def test_labels_that_the_tasks_lexicon_lacks_are_counted(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "set")
    store = open_dataset(path)
    words = [store.label(index) for index in range(15)]
    task = dataclasses.replace(reader.task, lexicons={"short": lambda: words})  # type: ignore[type-var]
    found = Columns(dataclasses.replace(reader, task=task), TABLE, decoding).measure(store, path)
    lacking = sum(LOW_BARS.reduce(store.label(index)) not in map(LOW_BARS.reduce, words) for index in range(30))
    assert 5 < lacking < 15
    assert found.lacking == {"6": lacking}
    (told,) = [line for line in Columns(reader, TABLE, decoding).table([found]).remarks() if "lacks" in line]
    assert told.startswith(f"set, column 6: the lexicon lacks the labels of {lacking} of 30 samples")


def test_what_is_left_out_of_a_lexicon_is_told(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "set", 4)
    task = dataclasses.replace(reader.task, lexicons={"short": lambda: ["ab", "!?", "c!"]})  # type: ignore[type-var]
    told: list[str] = []
    Columns(dataclasses.replace(reader, task=task), TABLE, decoding, told.append).measure(open_dataset(path), path)
    assert told == ["lexicon short: left out 1 words with symbols outside the alphabet ('!?')"]


def test_progress_names_set_and_column(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "set", 4)
    calls: list[tuple[str, int, int]] = []
    Columns(reader, TABLE, decoding).measure(open_dataset(path), path, lambda *call: calls.append(call))
    assert [call for call in calls if call[1] == 4] == [
        ("set, None", 4, 4), ("set, 3", 4, 4), ("set, Full", 4, 4), ("set, 6", 4, 4),
    ]  # fmt: skip


def test_table_puts_the_readers_row_under_the_published_ones_with_sizes(reader: Recognizer, tmp_path: Path) -> None:
    columns = Columns(reader, TABLE, decoding)
    paths = [bar_set(tmp_path / "bars", 30), bar_set(tmp_path / "else", 6, lexicons=False)]
    table = columns.table([columns.measure(open_dataset(path), path) for path in paths])
    heads = [(one.name, column) for one, column in table.cells()]
    assert heads == [
        *(("Bars", column) for column in ("3", FULL, "6", FREE)),
        *(("else", column) for column in (FULL, "6", FREE)),
        ("Long", "50"), ("Long", FREE),
    ]  # fmt: skip
    lines = [line for line in table.to_markdown().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][1:] == [f"{name} {column}" for name, column in heads]
    assert cells[2] == ["CRNN", "–", "90.0", "–", "71.5", "–", "–", "–", "–", "60.2"]
    assert cells[3] == ["another", "–", "–", "–", "–", "–", "–", "–", "99.0", "–"]
    assert cells[4] == ["samples", "–", "100", "–", "100", "–", "–", "–", "7", "7"]
    accuracy = table.sets[0].evaluations[FREE].sequence_accuracy
    assert cells[5][0] == "**bars**"
    assert cells[5][4] == f"{100 * accuracy:.1f}"
    assert cells[5][8:] == ["–", "–"]
    assert cells[7] == ["samples", "30", "30", "30", "30", "6", "6", "6", "–", "–"]
    text = table.to_markdown()
    assert (
        "- Bars in 'bars' is not the set of the published results: 30 samples judged of 30; published results are of 100." in text
    )
    assert "- Bars, column 3: 10 of 30 pictures have no lexicon of their own and were read freely." in text
    assert "- CRNN: an old paper." in text


def test_table_as_json_holds_published_and_measured_shares(reader: Recognizer, tmp_path: Path) -> None:
    columns = Columns(reader, TABLE, decoding)
    path = bar_set(tmp_path / "bars", 12)
    values = json.loads(json.dumps(columns.table([columns.measure(open_dataset(path), path)]).as_dict()))
    assert values["published"][0] == {"name": "CRNN", "source": "an old paper"}
    one, other = values["sets"]
    assert (one["name"], one["data"], one["published_samples"]) == ("Bars", "bars", 100)
    free = one["columns"][-1]
    assert (free["name"], free["published"]) == ("None", {"CRNN": 0.715})
    assert free["measured"]["samples"] == 12
    assert free["measured"]["sequence_accuracy"] == free["measured"]["right"] / 12
    assert (other["name"], other["data"]) == ("Long", None)
    assert [column["measured"] for column in other["columns"]] == [None, None]


def test_set_of_the_published_size_needs_no_remark(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "bars", 5)
    exact = dataclasses.replace(BENCHMARK, sets=(KnownSet("Bars", ("bars*",), 5),))
    found = Columns(reader, dataclasses.replace(TABLE, benchmark=exact), decoding).measure(open_dataset(path), path)
    assert found.remark == ""


def test_link_to_a_set_counts_by_the_links_name(reader: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "bars-7").symlink_to(bar_set(tmp_path / "0815", 3))
    found = Columns(reader, TABLE, decoding).measure(open_dataset(tmp_path / "bars-7"), tmp_path / "bars-7")
    assert (found.name, found.data) == ("Bars", "bars-7")


def test_mode_and_threshold_reach_the_pictures_own_lexicons(reader: Recognizer, tmp_path: Path) -> None:
    path = tmp_path / "set"
    with LmdbWriter(path) as writer:
        for number in range(5):
            sample = BarRenderer().render(np.random.default_rng(number))
            writer.add(encode_png(sample.image), sample.label, lexicon=["abcdabcd", "dddd"])
    store = open_dataset(path)

    def near(words: LexiconSource | None) -> Decoding:
        return Decoding() if words is None else Decoding(lexicon=words, lexicon_mode="bktree", delta=0)

    found = Columns(reader, TABLE, near).measure(store, path)
    assert [row.text for row in found.evaluations["2"].rows] == [row.text for row in found.evaluations[FREE].rows]
    assert all(row.free for row in found.evaluations["2"].rows)
    assert found.evaluations["2"].decoding == "lexicon 2, the pictures' own (bktree mode, delta 0)"
    lacking = bar_set(tmp_path / "lacking", 6)
    with pytest.raises(DataError, match="2 of 6 pictures have no lexicon '3', and a lexicon mode or threshold needs one"):
        Columns(reader, TABLE, near).measure(open_dataset(lacking), lacking)


def test_pictures_without_lexicons_are_read_freely_where_no_mode_was_chosen() -> None:
    assert own_decoding(decoding, lambda index: None, 3, "50").lexicon is None


def test_greedy_decoder_takes_no_lexicon(reader: Recognizer, tmp_path: Path) -> None:
    path = bar_set(tmp_path / "set", 3)

    def greedy(words: LexiconSource | None) -> Decoding:
        return Decoding(decoder="greedy", lexicon=words)

    with pytest.raises(GrammarError, match="the greedy decoder takes no constraints"):
        Columns(reader, TABLE, greedy).measure(open_dataset(path), path)


@pytest.mark.parametrize(
    ("chosen", "lexicon", "words"),
    [
        (Decoding(), "", ""),
        (Decoding(lm="folder/signs.arpa", grammars=[("iban", 0.5)]), "", "language model signs.arpa × 0.3; grammar iban × 0.5"),
        (Decoding(lexicon=["a"], lexicon_mode="bktree"), "lexicon streets", "lexicon streets (bktree mode, delta 3)"),
        (
            Decoding(lexicon=["a"], lexicon_threshold=0.01, lexicon_case="any", pattern="[a-z]+"),
            "lexicon streets",
            "lexicon streets (any case, threshold 0.01); pattern [a-z]+",
        ),
        (Decoding(decoder="beam", beam_width=20), "", "beam of 20"),
    ],
)
def test_decoding_in_words(chosen: Decoding, lexicon: str, words: str) -> None:
    assert in_words(chosen, lexicon) == words
