"""Help, and what is wrong on the command line."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

COMMANDS = [
    ["train"], ["recognize"], ["evaluate"], ["calibrate"], ["export"], ["render"], ["doctor"],
    ["data", "info"], ["data", "show"], ["plugins", "list"],
    ["lexicon", "build"], ["lexicon", "info"], ["lm", "build"], ["lm", "info"],
]  # fmt: skip


def commands(app: Any, before: tuple[str, ...] = ()) -> list[list[str]]:
    """Every command of a typer app and of the apps in it."""
    found = [[*before, command.name or command.callback.__name__] for command in app.registered_commands]
    for group in app.registered_groups:
        found += commands(group.typer_instance, (*before, group.name))
    return found


def test_every_command_is_listed_here_or_prints_the_version() -> None:
    from seqrec.cli import app

    known = commands(app)
    assert [command for command in COMMANDS if command not in known] == []
    assert ["version"] in known


def test_every_commands_help_shows_an_example(seqrec: Callable[..., Any]) -> None:
    from seqrec.cli import app

    for command in commands(app):
        if command != ["version"]:
            found = seqrec(*command, "--help")
            assert found.code == 0
            assert f"Example: seqrec {' '.join(command)}" in " ".join(found.out.split()), command


@pytest.mark.parametrize("arguments", [[], ["data"], ["lexicon"], ["lm"], ["plugins"]])
def test_command_that_is_not_whole_shows_help_and_exits_with_2(seqrec: Callable[..., Any], arguments: list[str]) -> None:
    found = seqrec(*arguments)
    assert found.code == 2
    assert "Usage:" in found.out + found.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["train", "--task", "bars", "--steps", "-1"], "--steps"),
        (["train", "--task", "bars", "--steps", "many"], "--steps"),
        (["train", "--task", "bars", "--stepz", "5"], "--steps"),
        (["render", "--task", "bars", "--count", "0"], "--count"),
        (["render"], "--task"),
        (["evaluate", "--threads", "-3"], "--threads"),
        (["recognize"], "IMAGE"),
        (["recognize", "x.png", "--n-best", "0"], "--n-best"),
        (["recognize", "x.png", "--lexicon-tresh", "0.1"], "--lexicon-threshold"),
        (["calibrate", "--count", "99"], "--count"),
        (["lexicon", "build", "words.txt", "--task", "bars"], "--out"),
        (["lexicon", "build", "words.txt", "-o", "words.lex"], "--task"),
        (["lexicon", "info"], "FILE"),
        (["data", "show", "x", "--count", "no"], "--count"),
        (["recognise"], "recognise"),
    ],
)
def test_wrong_option_is_one_line_and_exit_code_2(seqrec: Callable[..., Any], arguments: list[str], named: str) -> None:
    found = seqrec(*arguments)
    assert (found.code, found.out) == (2, "")
    (line,) = found.err.splitlines()
    assert line.startswith("error: ")
    assert named in line


def test_version_is_the_packages(seqrec: Callable[..., Any]) -> None:
    from seqrec import __version__

    assert seqrec("version").out == f"{__version__}\n"


def test_whoever_calls_the_module_gets_the_command_line(bars_environment: Mapping[str, str]) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "seqrec", "--no-plugins", "render", "--task", "bars", "-o", "nowhere"],
        env=bars_environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: no task 'bars'; there is none\n"
