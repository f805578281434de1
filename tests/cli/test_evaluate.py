"""`seqrec evaluate`."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqrec.benchmark import Benchmark, KnownSet, Published
from seqrec.pictures import encode_png
from seqrec.plugins import Registry
from seqrec.recognizer import load
from seqrec.task import Grouping, Protocol
from seqrec.testing.bars import LOW_BARS, BarRenderer


@pytest.fixture
def words(tmp_path: Path, tiny_model: Path, plugins: Registry) -> Path:
    """A data set of which the reader reads two of three right; of the third only the case is wrong, the fourth is torn."""
    folder = tmp_path / "words"
    folder.mkdir()
    reader = load(tiny_model, plugins=plugins)
    lines, seed = [], 0
    for name in ("right", "also right", "other case", "torn"):
        while True:
            encoded = encode_png(BarRenderer().render(np.random.default_rng(seed)).image)
            seed += 1
            text = reader.read(encoded).text
            if text:
                break
        label = text.swapcase() if name == "other case" else text
        (folder / f"{name}.png").write_bytes(encoded if name != "torn" else encoded[:-50])
        lines.append(f"{name}.png\t{label}")
    (folder / "gt.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_exact_protocol_counts_case(seqrec: Callable[..., Any], tiny_model: Path, words: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words)
    assert found.code == 0
    assert "protocol exact, alphabet bars8" in found.out
    (row,) = [line for line in found.out.splitlines() if "words" in line]
    assert row.split()[:5] == ["words", "3", "of", "4", "66.67%"]
    assert "words: 1 skipped; 'torn.png': " in found.err


def test_protocol_of_the_task_folds_case_away(seqrec: Callable[..., Any], tiny_model: Path, words: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--protocol", "low")
    assert found.code == 0
    assert "protocol low, alphabet bars4" in found.out
    (row,) = [line for line in found.out.splitlines() if "words" in line]
    assert row.split()[:5] == ["words", "3", "of", "4", "100.00%"]


def test_several_data_sets_are_counted_together(seqrec: Callable[..., Any], tiny_model: Path, words: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--data", words / "gt.txt")
    assert found.out.count("3 of 4") == 2
    assert "6 of 8" in found.out


def test_report_holds_a_page_and_the_numbers(seqrec: Callable[..., Any], tiny_model: Path, words: Path, tmp_path: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--report", tmp_path / "report")
    assert found.code == 0
    page = (tmp_path / "report" / "report.html").read_text()
    assert "right.png" in page
    told = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    (one,) = told["evaluations"]
    assert (one["samples"], one["size"], one["sequence_accuracy"]) == (3, 4, pytest.approx(2 / 3))


def test_report_sorts_pictures_and_errors_into_groups_of_the_core_and_the_task(
    seqrec: Callable[..., Any], tiny_model: Path, words: Path, tmp_path: Path, plugins: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Grouping("first symbol", lambda judged: judged.label[:1])
    task = dataclasses.replace(plugins.task("bars"), groups=[first])
    monkeypatch.setitem(plugins.tasks._offers["bars"], "seqrec-bars", task)
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--report", tmp_path / "report")
    assert found.code == 0
    (told,) = json.loads((tmp_path / "report" / "evaluation.json").read_text())["evaluations"]
    groups = {one["name"]: one for one in told["groups"]}
    assert sum(one["samples"] for one in groups["first symbol"]["groups"]) == 3
    assert {name for name, one in groups.items() if one["of"] == "wrong readings"} == {"kind of error", "place of the error"}
    assert groups["kind of error"]["groups"][0]["examples"] == ["other case.png"]
    page = (tmp_path / "report" / "report.html").read_text()
    assert "Where it fails" in page
    assert '<div class="example"><img src="data:image/png;base64,' in page


def test_samples_are_listed_with_their_readings(
    seqrec: Callable[..., Any], tiny_model: Path, words: Path, plugins: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = dataclasses.replace(plugins.task("bars"), samples=words)
    monkeypatch.setitem(plugins.tasks._offers["bars"], "seqrec-bars", task)
    found = seqrec("evaluate", "--model", tiny_model, "--samples")
    assert found.code == 0
    assert "readings of 'words'" in found.out
    assert found.out.count("✓") == 2
    assert found.out.count("✗") == 1


def test_verdict_says_which_readings_to_accept_of_each_set(seqrec: Callable[..., Any], tiny_model: Path, words: Path) -> None:
    found = seqrec("evaluate", "--model", tiny_model, "--data", words)
    assert any(line.startswith(("accept readings with", "no threshold leaves")) for line in found.out.splitlines())
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--data", words / "gt.txt")
    told = [line.partition(": ")[0] for line in found.out.splitlines() if "threshold" in line or "accept" in line]
    assert told == ["words", "gt.txt"]


def labels_of(words: Path) -> list[str]:
    return [line.partition("\t")[2] for line in (words / "gt.txt").read_text().splitlines()]


def test_lexicon_is_compiled_for_the_protocols_alphabet(
    seqrec: Callable[..., Any], tiny_model: Path, words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.txt").write_text("\n".join([*(label.upper() + "!" for label in labels_of(words)), "!?"]))
    monkeypatch.chdir(tmp_path)  # a long path would break the table's title into lines
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--protocol", "low", "--lexicon", "list.txt")
    assert found.code == 0
    assert "left out 1 words with symbols outside the alphabet ('!?')" in found.err
    assert "list.txt" in found.out.split("data set")[0]
    (row,) = [line for line in found.out.splitlines() if line.split()[:1] == ["words"]]
    assert row.split()[:5] == ["words", "3", "of", "4", "100.00%"]


def test_lexicon_that_lacks_a_label_has_it_wrong_and_the_threshold_lets_the_free_reading_win(
    seqrec: Callable[..., Any], tiny_model: Path, words: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text("dcbadcba\n")
    options = ["--model", tiny_model, "--data", words, "--protocol", "low", "--lexicon", tmp_path / "list.txt"]
    assert "0.00%" in seqrec("evaluate", *options).out
    found = seqrec("evaluate", *options, "--lexicon-threshold", "1", "--report", tmp_path / "report")
    assert "100.00%" in found.out
    (told,) = json.loads((tmp_path / "report" / "evaluation.json").read_text())["evaluations"]
    assert told["decoding"].endswith("list.txt, 1 words (threshold 1)")
    assert all(row["free"] for row in told["rows"])


def test_pictures_are_read_with_their_own_lexicons(
    seqrec: Callable[..., Any], tiny_model: Path, words: Path, tmp_path: Path
) -> None:
    (words / "lexicon-2.tsv").write_text(f"other case.png\t{labels_of(words)[2]}\tabcdabcd\té\nright.png\tabcd\tabcdabcd\n")
    options = ["--model", tiny_model, "--data", words, "--report", tmp_path / "report"]
    found = seqrec("evaluate", *options, "--lexicon", "own")
    assert found.code == 0
    assert "lexicon 2, the pictures' own" in found.out
    assert "words: 1 of 3 pictures have no lexicon and were read freely" in found.err
    assert "words, lexicon 2: left out 1 words with symbols outside the alphabet ('é')" in found.err
    (told,) = json.loads((tmp_path / "report" / "evaluation.json").read_text())["evaluations"]
    texts = {row["key"]: row["text"] for row in told["rows"]}
    assert texts["other case.png"] == labels_of(words)[2]
    assert texts["right.png"] in ("abcd", "abcdabcd")
    assert texts["also right.png"] == labels_of(words)[1]
    assert "1 pictures have no lexicon and were read freely" in (tmp_path / "report" / "report.html").read_text()
    (words / "lexicon-3.tsv").write_text("right.png\tdd\n")
    assert "several lexicons: 3, 2; name one" in seqrec("evaluate", *options, "--lexicon", "own").err
    assert seqrec("evaluate", *options, "--lexicon", "own:3").code == 0


@pytest.fixture
def table(plugins: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A protocol with a table, and a lexicon, at the task of bars."""
    published = Published("CRNN", "an old paper", {("Words", "None"): 81.5, ("Words", "Full"): 97.5, ("Gone", "None"): 12.5})
    benchmark = Benchmark((KnownSet("Words", ("words*",), 4), KnownSet("Gone", ("gone*",), 9)), {"6": "six"}, (published,))
    protocols = (Protocol("table", LOW_BARS, "made up for tests", benchmark=benchmark),)
    task = dataclasses.replace(plugins.task("bars"), protocols=protocols, lexicons={"six": lambda: ["ab", "dd"]})
    monkeypatch.setitem(plugins.tasks._offers["bars"], "seqrec-bars", task)


@pytest.mark.usefixtures("table")
def test_protocol_with_a_table_fills_every_column(
    seqrec: Callable[..., Any], tiny_model: Path, words: Path, tmp_path: Path
) -> None:
    (words / "lexicon-50.tsv").write_text("".join(f"{line}\tabcdabcd\n" for line in (words / "gt.txt").read_text().splitlines()))
    found = seqrec("evaluate", "--model", tiny_model, "--data", words, "--protocol", "table", "--report", tmp_path / "report")
    assert found.code == 0
    lines = [line.split() for line in found.out.splitlines()]
    assert ["50", "Full", "6", "None"] in lines
    assert ["CRNN", "–", "97.5", "–", "81.5"] in lines
    assert ["samples", "–", "4", "–", "4"] in lines
    assert ["bars", "100.0", "100.0", "0.0", "100.0"] in lines
    assert ["samples", "3", "3", "3", "3"] in lines
    assert "Words in 'words' is not the set of the published results: 3 samples judged of 4, 1 skipped" in found.out
    assert "Words, column 6: the lexicon lacks the labels of 3 of 3 samples" in found.out
    assert "published too, but not measured here: Gone" in found.out
    assert "words: 1 skipped; 'torn.png'" in found.err
    names = sorted(path.name for path in (tmp_path / "report").iterdir())
    assert names == ["evaluation.json", "report.html", "table.json", "table.md"]
    told = json.loads((tmp_path / "report" / "table.json").read_text())
    assert [column["name"] for column in told["sets"][0]["columns"]] == ["50", "Full", "6", "None"]
    assert "| CRNN | – | 97.5 | – | 81.5 | 12.5 |" in (tmp_path / "report" / "table.md").read_text()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lexicon", "six"], "--lexicon six: protocol 'table' says with which lexicons to read; leave the option out"),
        (["--decoder", "greedy"], "the greedy decoder takes no constraints and gives one reading; say beam, or nothing"),
        (["--lexicon-mode", "tree"], "lexicon mode 'tree': expected one of exact, bktree"),
        (["--protocol", "exact", "--lexicon-mode", "bktree"], "a lexicon mode or threshold needs a lexicon; name one"),
        (["--protocol", "exact", "--lexicon", "lost.txt"], "lexicon 'lost.txt': no such file, and none of this task's"),
        (["--protocol", "exact", "--lexicon", "own"], "'words': its pictures have no lexicons of their own"),
        (["--protocol", "exact", "--pattern", "("], "pattern '('"),
        (["--protocol", "exact", "--lm", "lost.arpa"], "'lost.arpa'"),
    ],
)
def test_decoding_that_cannot_be_done_is_one_line_and_exit_code_2(
    seqrec: Callable[..., Any],
    tiny_model: Path,
    words: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(words.parent)
    found = seqrec("evaluate", "--model", tiny_model, "--data", "words", "--protocol", "table", *options)
    assert (found.code, found.out) == (2, "")
    assert found.err.splitlines()[-1].startswith("error: ")
    assert message in found.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--protocol", "lo"], "--protocol lo: this reader's task has no such protocol; did you mean 'low'?"),
        (["--protocol", "alnum36"], "--protocol alnum36: this reader's task has no such protocol"),
        (["--samples"], "--samples: this reader's task brings no sample pictures; give a data set with --data"),
        ([], "say what to measure on: --data PATH, or --samples for the pictures that come with the task"),
        (["--data", "lost"], "'lost': no such file or folder"),
        (["--data", "empty"], "'empty' holds no labelled pictures in a format we know"),
        (["--data", "empty", "--data-format", "lmbd"], "unknown data set format 'lmbd'; did you mean 'lmdb'?"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(
    seqrec: Callable[..., Any],
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    found = seqrec("evaluate", "--model", tiny_model, *options)
    assert (found.code, found.out) == (2, "")
    assert found.err.splitlines()[-1].startswith(f"error: {message}")
