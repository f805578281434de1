"""`seqrec lm`: a model is built from what one has, and says what it holds."""

import dataclasses
import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from seqrec import builtin, hookimpl
from seqrec.decoding.ngram import NGram
from seqrec.pictures import encode_png
from seqrec.plugins import Registry, build_registry
from seqrec.task import Task
from seqrec.testing import bars

WORDS = ["abba", "baba", "dad", "cab"]


@hookimpl
def seqrec_tasks() -> list[Task]:
    return [dataclasses.replace(bars.seqrec_tasks()[0], lexicons={"words": lambda: WORDS})]


@pytest.fixture
def plugins() -> Registry:
    """The built-ins, and the task of bars with a lexicon."""
    plugin = SimpleNamespace(seqrec_tasks=seqrec_tasks)
    return build_registry([("seqrec", "", lambda: builtin), ("seqrec-bars", "1.0", lambda: plugin)])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a text, one with counts, and a labelled data set of the lexicon's words."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_bytes("\ufeff".encode() + "\r\n\r\n".join(WORDS).encode())
    (tmp_path / "counted.txt").write_text("abba\t2\ndad\t0.5\n")
    (tmp_path / "set").mkdir()
    for word in WORDS:
        (tmp_path / "set" / f"{word}.png").write_bytes(encode_png(np.full((32, 40), 200, np.uint8)))
    (tmp_path / "set" / "gt.txt").write_text("".join(f"{word}.png\t{word}\n" for word in [*WORDS, ""]))
    return tmp_path


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("text.txt", "text"),
        ("words", "a lexicon of the task, in all its spellings"),
        ("set", "FileStore"),
        ("set/gt.txt", "FileStore"),
    ],
)
def test_model_is_that_of_the_labels_whatever_they_stand_in(
    seqrec: Callable[..., Any], folder: Path, source: str, kind: str
) -> None:
    found = seqrec("lm", "build", source, "--task", "bars", "--order", "3", "-o", "model.arpa")
    assert (found.code, found.out) == (0, "")
    model = NGram.from_labels(WORDS, bars.BARS, 3)
    size = (folder / "model.arpa").stat().st_size
    assert found.err == (f"{source}: 4 labels ({kind})\nmodel.arpa: order 3, {sum(model.sizes)} n-grams, {size:,} bytes\n")
    model.save("expected.arpa")
    assert (folder / "model.arpa").read_bytes() == (folder / "expected.arpa").read_bytes()


def test_sources_add_up_and_text_files_may_count(seqrec: Callable[..., Any], folder: Path) -> None:
    found = seqrec("lm", "build", "counted.txt", "words", "--counts", "--task", "bars", "-o", "model.arpa.gz")
    assert found.err.splitlines()[0] == "counted.txt: 2 labels (text with counts)"
    NGram.from_labels(["abba", "dad", *WORDS], bars.BARS, 5, counts=[2, 0.5, 1, 1, 1, 1]).save("expected.arpa")
    assert gzip.decompress((folder / "model.arpa.gz").read_bytes()) == (folder / "expected.arpa").read_bytes()


def test_label_file_may_be_read_as_text(seqrec: Callable[..., Any], folder: Path) -> None:
    (folder / "odd.txt").write_text("a.png b\nab\n")
    for options, labels in (["--data-format", "text"], 2), ([], 1):
        found = seqrec("lm", "build", "odd.txt", "words", "--policy", "drop", "--task", "bars", "-o", "m.arpa", *options)
        assert found.err.splitlines()[0].startswith(f"odd.txt: {labels} labels (")


def test_labels_with_other_symbols_are_an_error_or_dropped(seqrec: Callable[..., Any], folder: Path) -> None:
    (folder / "text.txt").write_text("ab\naxb\nx-y\n")
    found = seqrec("lm", "build", "text.txt", "--task", "bars", "-o", "model.arpa")
    assert found.code == 2
    assert found.err.splitlines()[-1].endswith("'bars8' (8 symbols); 2 of 3 labels are like this; policy 'drop' leaves them out")
    assert not (folder / "model.arpa").exists()
    found = seqrec("lm", "build", "text.txt", "--task", "bars", "-o", "model.arpa", "--policy", "drop")
    assert found.code == 0
    assert "2 of 3 labels dropped: not in alphabet 'bars8': 'x', '-', 'y'\n" in found.err


def test_info_says_what_a_model_holds_and_how_well_it_foretells(seqrec: Callable[..., Any], folder: Path) -> None:
    model = NGram.from_labels(WORDS, bars.BARS, 2)
    model.save("model.arpa")
    (folder / "text.txt").write_text("abba\nxx\n")
    found = seqrec("lm", "info", "model.arpa", "--task", "bars", "--labels", "text.txt")
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == [
        f"model.arpa: order 2, alphabet 'bars8', {(folder / 'model.arpa').stat().st_size:,} bytes",
        "1-grams: 10",
        f"2-grams: {model.sizes[1]}",
        f"states: {len(model.automaton.final)}, arcs: {len(model.automaton.symbol)}",
        f"perplexity: {model.perplexity(['abba']):.2f} per symbol, ends counted, on 1 of 2 labels",
    ]


def test_info_passes_on_what_is_to_be_said_of_a_file(seqrec: Callable[..., Any], folder: Path) -> None:
    NGram.from_labels(["abc"], bars.LOW_BARS, 2).save("model.arpa")
    found = seqrec("lm", "info", "model.arpa", "--task", "bars")
    assert found.err == (
        "model.arpa: 4 of 8 symbols are not in the model ('A', 'B', 'C', …); they have a probability of 1e-07 each\n"
    )
    assert seqrec("lm", "info", "model.arpa", "--task", "bars", "--alphabet", "bars4").err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "wordz"], "'wordz': no such file or folder, and no lexicon of task 'bars'; did you mean 'words'?"),
        (["build", "words", "--policy", "skip"], "no policy 'skip'; known: drop, error"),
        (["build", "words", "--order", "0"], "Invalid value for '--order'"),
        (["build", "words", "--order", "99"], "an order of 99 cannot be; expected 1 to 20"),
        (["build", "words", "--alphabet", "bars9"], "task 'bars' has no alphabet 'bars9'; did you mean 'bars8'?"),
        (["build", "text.txt", "--counts"], "'text.txt', line 1: 'abba' is no label with a count; expected: label<TAB>count"),
        (["build", "set", "--data-format", "lmbd"], "unknown data set format 'lmbd'; did you mean 'lmdb'?"),
        (["build", "words", "-o", "lost/model.arpa"], "'lost/model.arpa' cannot be written"),
        (["build", "empty.txt"], "no label to build a language model of (0 dropped); give at least one"),
        (["info", "lost.arpa"], "'lost.arpa' cannot be read"),
        (["info", "text.txt"], "'text.txt', line 8: the file ends here, before its '\\end\\'"),
    ],
)
def test_what_is_wrong_is_one_line(seqrec: Callable[..., Any], folder: Path, arguments: list[str], message: str) -> None:
    (folder / "empty.txt").write_text("\n")
    out = ["-o", "model.arpa"] if arguments[0] == "build" and "-o" not in arguments else []
    found = seqrec("lm", *arguments, "--task", "bars", *out)
    assert (found.code, found.out) == (2, "")
    assert found.err.splitlines()[-1].startswith(f"error: {message}")
    assert not (folder / "model.arpa").exists()


def test_old_model_is_untouched_where_the_new_one_cannot_be_built(seqrec: Callable[..., Any], folder: Path) -> None:
    (folder / "model.arpa").write_text("the old one")
    (folder / "text.txt").write_text("x")
    assert seqrec("lm", "build", "text.txt", "--task", "bars", "-o", "model.arpa").code == 2
    assert (folder / "model.arpa").read_text() == "the old one"


def test_it_runs_as_a_program_without_torch(bars_environment: Mapping[str, str], folder: Path) -> None:
    (folder / "torch.py").write_text("raise ImportError('no torch here')")
    environment = {**bars_environment, "PYTHONPATH": os.pathsep.join([str(folder), bars_environment["PYTHONPATH"]])}
    command = [sys.executable, "-m", "seqrec", "lm", "build", "text.txt", "--task", "bars", "-o", "model.arpa"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert NGram.load("model.arpa", bars.BARS).order == 5
