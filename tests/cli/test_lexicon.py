"""`seqrec lexicon`: words are compiled, and what was compiled is told."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seqrec import builtin, hookimpl
from seqrec.decoding import Entry, Lexicon, load_lexicon, save_lexicon
from seqrec.plugins import Registry, build_registry
from seqrec.task import Task
from seqrec.testing import bars

LINES = ["abba", "cab\t2", "bad\t1\tbAD\tbad", "dad"]
ENTRIES = ["abba", Entry("cab", weight=2), Entry("bad", ["bAD", "bad"]), "dad"]


@hookimpl
def seqrec_tasks() -> list[Task]:
    return [dataclasses.replace(bars.seqrec_tasks()[0], lexicons={"words": lambda: LINES})]


@pytest.fixture
def plugins() -> Registry:
    """The built-ins, and the task of bars with a lexicon."""
    plugin = SimpleNamespace(seqrec_tasks=seqrec_tasks)
    return build_registry([("seqrec", "", lambda: builtin), ("seqrec-bars", "1.0", lambda: plugin)])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a list of words and the lexicon that they make."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("\ufeff" + "\r\n\r\n".join(LINES), encoding="utf-8")
    save_lexicon(tmp_path / "expected.lex", Lexicon.compile(ENTRIES, bars.BARS))
    return tmp_path


@pytest.mark.parametrize("source", ["words.txt", "words"])
def test_lexicon_is_that_of_the_words_whatever_they_stand_in(seqrec: Callable[..., Any], folder: Path, source: str) -> None:
    found = seqrec("lexicon", "build", source, "--task", "bars", "-o", "words.lex")
    assert (found.code, found.out) == (0, "")
    size = (folder / "words.lex").stat().st_size
    assert found.err == f"words.lex: 4 words, 5 spellings, {size:,} bytes\n"
    assert (folder / "words.lex").read_bytes() == (folder / "expected.lex").read_bytes()


def test_case_and_alphabet_are_those_asked_for(seqrec: Callable[..., Any], folder: Path) -> None:
    seqrec("lexicon", "build", "words.txt", "--task", "bars", "-o", "any.lex", "--lexicon-case", "any")
    lexicon = load_lexicon(folder / "any.lex", bars.BARS)
    assert list(lexicon.texts) == ["abba", "cab", "bad", "dad"]
    spelt = {bars.BARS.text(bars.BARS.decode(ids)) for ids in lexicon.spellings(2)}
    assert spelt == {"bAD", "bad", "Bad", "BAD"}
    found = seqrec("lexicon", "build", "words.txt", "--task", "bars", "-o", "four.lex", "--alphabet", "bars4")
    assert found.code == 0
    assert load_lexicon(folder / "four.lex").alphabet == bars.LOW_BARS


def test_words_outside_the_alphabet_are_dropped_reduced_or_an_error(seqrec: Callable[..., Any], folder: Path) -> None:
    (folder / "mixed.txt").write_text("abba\nbé\ndxd\n", encoding="utf-8")
    command = ("lexicon", "build", "mixed.txt", "--task", "bars", "-o", "words.lex")
    found = seqrec(*command)
    assert found.err.splitlines()[0] == "left out 2 words with symbols outside the alphabet ('bé', 'dxd')"
    assert list(load_lexicon(folder / "words.lex").texts) == ["abba"]
    assert seqrec(*command, "--policy", "reduce").code == 0
    reduced = load_lexicon(folder / "words.lex")
    assert list(reduced.texts) == ["abba", "bé", "dxd"]
    assert reduced.spellings(2) == [tuple(bars.BARS.encode("dd"))]
    before = (folder / "words.lex").read_bytes()
    found = seqrec(*command, "--policy", "error")
    assert (found.code, found.out) == (2, "")
    assert found.err == (
        "error: symbol 'é' (U+00E9) at position 2 of 'bé' is not in alphabet 'bars8' (8 symbols); "
        "2 words with symbols outside the alphabet in all ('bé', 'dxd'); drop or reduce them\n"
    )
    assert (folder / "words.lex").read_bytes() == before


def test_words_that_are_spelt_alike_are_told(seqrec: Callable[..., Any], folder: Path) -> None:
    (folder / "twice.txt").write_text("dad\nDAD\nabba\nDad\n")
    found = seqrec("lexicon", "build", "twice.txt", "--task", "bars", "-o", "words.lex", "--alphabet", "bars4")
    assert found.err.splitlines()[0] == "2 words merged into others that are spelt alike in alphabet 'bars4'"
    assert list(load_lexicon(folder / "words.lex").texts) == ["dad", "abba"]


def test_info_says_what_a_lexicon_holds(seqrec: Callable[..., Any], folder: Path) -> None:
    found = seqrec("lexicon", "info", "expected.lex", "--verify")
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == [
        "expected.lex: 4 words, 5 spellings, alphabet 'bars8'",
        f"longest spelling: 4 symbols; trie: {1 + 4 + 3 + 3 + 2 + 3} nodes",  # root; abba, cab, bAD, (b)ad, dad
        "first words: abba, cab, bad, dad",
        "its content is what was written (SHA-256)",
    ]
    assert "SHA-256" not in seqrec("lexicon", "info", "expected.lex").out


def test_damage_that_no_search_would_notice_is_found_by_verify_alone(seqrec: Callable[..., Any], folder: Path) -> None:
    content = (folder / "expected.lex").read_bytes()
    (folder / "other.lex").write_bytes(content.replace(b"abbacab", b"abbbcab"))
    assert seqrec("lexicon", "info", "other.lex").code == 0
    found = seqrec("lexicon", "info", "other.lex", "--verify")
    assert found.code == 2
    assert found.err == (
        "error: lexicon 'other.lex': its content is not what was written (SHA-256 differs); copy or build it again\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "wordz"], "lexicon 'wordz': no such file, and none of this task's; did you mean 'words'?"),
        (["build", "empty.txt"], "the lexicon holds no word; give at least one word of alphabet 'bars8'"),
        (
            ["build", "foreign.txt"],
            "the lexicon holds no word: 1 words with symbols outside the alphabet ('xyz') and nothing else",
        ),
        (["build", "latin1.txt"], "lexicon 'latin1.txt' is no text in UTF-8 "),
        (["build", "weight.txt"], "'weight.txt', line 2: the weight of 'dad' is 'often'; expected a number above 0"),
        (["build", "words", "--policy", "skip"], "lexicon policy 'skip': expected one of error, drop, reduce"),
        (["build", "words", "--lexicon-case", "upper"], "lexicon case 'upper': expected one of exact, any"),
        (["build", "words", "--alphabet", "bars9"], "task 'bars' has no alphabet 'bars9'; did you mean 'bars8'?"),
        (["build", "words", "-o", "lost/words.lex"], "'lost/words.lex' cannot be written"),
        (["info", "lost.lex"], "lexicon 'lost.lex' cannot be read: No such file or directory"),
        (["info", "words.txt"], "'words.txt' is no compiled lexicon; make one with: seqrec lexicon build words.txt -o words.lex"),
        (["info", "cut.lex"], "lexicon 'cut.lex' is truncated or longer than written: "),
        (["info", "long.lex"], "lexicon 'long.lex' is truncated or longer than written: "),
        (["info", "version.lex"], "lexicon 'version.lex' is of version 2; this seqrec reads 1: build it again"),
        (["info", "header.lex"], "lexicon 'header.lex': its header is damaged ("),
    ],
)
def test_what_is_wrong_is_one_line(seqrec: Callable[..., Any], folder: Path, arguments: list[str], message: str) -> None:
    (folder / "empty.txt").write_text("\n")
    (folder / "foreign.txt").write_text("xyz\n")
    (folder / "latin1.txt").write_bytes(b"b\xe9\n")
    (folder / "weight.txt").write_text("abba\ndad\toften\n")
    content = (folder / "expected.lex").read_bytes()
    (folder / "cut.lex").write_bytes(content[:-1])
    (folder / "long.lex").write_bytes(content + b"\0")
    (folder / "version.lex").write_bytes(content[:17] + b"\2" + content[18:])
    (folder / "header.lex").write_bytes(content.replace(b'"alphabet"', b'"alphabat"'))
    task = ["--task", "bars"] if arguments[0] == "build" else []
    out = ["-o", "words.lex"] if arguments[0] == "build" and "-o" not in arguments else []
    found = seqrec("lexicon", *arguments, *task, *out)
    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith(f"error: {message}")
    assert not (folder / "words.lex").exists()


def test_it_runs_as_a_program_without_torch(bars_environment: Mapping[str, str], folder: Path) -> None:
    (folder / "torch.py").write_text("raise ImportError('no torch here')")
    environment = {**bars_environment, "PYTHONPATH": os.pathsep.join([str(folder), bars_environment["PYTHONPATH"]])}
    command = [sys.executable, "-m", "seqrec", "lexicon", "build", "words.txt", "--task", "bars", "-o", "words.lex"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (folder / "words.lex").read_bytes() == (folder / "expected.lex").read_bytes()
