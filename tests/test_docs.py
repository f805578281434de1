"""The documentation names what exists, all of it, and nothing else."""

import ast
import dataclasses
import importlib.util
import inspect
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from seqrec import Task, errors, hookspecs
from seqrec.cli import app
from seqrec.data.readers import READERS
from seqrec.plugins import registry
from seqrec.recipe import PartRecipe, Recipe

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", *ROOT.glob("plugins/*/README.md"), *ROOT.glob("datasets/**/*.md")])
BLOCK = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
COMMAND = re.compile(r"(?:\$ )?((?:\.venv/bin/)?seqrec .*)")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Each `## title` of a page with what stands below it."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip((title.strip("` ") for title in parts[1::2]), parts[2::2], strict=True))


def rows(text: str) -> dict[str, str]:
    """First and second column of every table row that starts with code."""
    return dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|", text, flags=re.MULTILINE))


def blocks(kind: str) -> Iterator[tuple[str, str]]:
    """Page and content of each fenced block of a kind."""
    for path in PAGES:
        for found, content in BLOCK.findall(path.read_text(encoding="utf-8")):
            if found == kind:
                yield str(path.relative_to(ROOT)), content


def commands() -> dict[str, Any]:
    """Every command by its full name, as `seqrec data info`."""
    found: dict[str, Any] = {}

    def walk(name: str, command: Any) -> None:
        below = getattr(command, "commands", {})
        for key, sub in below.items():
            walk(f"{name} {key}", sub)
        if not below:
            found[name] = command

    walk("seqrec", typer.main.get_command(app))
    return found


def options(command: Any) -> set[str]:
    """Long options of a command, less those that every command has."""
    names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return {name for name in names if name.startswith("--")} - {"--help"}


def test_each_hook_has_a_section_and_no_section_lacks_a_hook() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("seqrec_")}
    assert {title for title in sections(page("reference/hooks.md")) if title.startswith("seqrec_")} == hooks


def test_sections_of_hooks_name_the_parts_that_are_built_in() -> None:
    found = sections(page("reference/hooks.md"))
    for hook, shelf in (
        ("seqrec_backbones", registry().backbones),
        ("seqrec_sequence_models", registry().sequence_models),
        ("seqrec_transcriptions", registry().transcriptions),
    ):
        (line,) = re.findall(r"^Built in: (.*)$", found[hook], flags=re.MULTILINE)
        assert set(re.findall(r"`([^`]+)`", line)) == {part.name for owner, part in shelf if owner == "seqrec"}, hook


def test_each_field_of_a_task_is_documented() -> None:
    documented = set(rows(sections(page("reference/hooks.md"))["seqrec_tasks"])) | {"name", "alphabet"}
    assert documented == {field.name for field in dataclasses.fields(Task)}


def recipe_defaults() -> dict[str, object]:
    """Every key of a recipe that is not a part's or renderer's own option, with its default."""
    found: dict[str, object] = {}
    for entry in dataclasses.fields(Recipe):
        value = getattr(Recipe(), entry.name)
        if isinstance(value, PartRecipe):
            found[f"{entry.name}.name"] = value.name
        elif dataclasses.is_dataclass(value):
            found |= {f"{entry.name}.{key}": default for key, default in dataclasses.asdict(value).items()}  # type: ignore[call-overload]
        elif entry.name != "renderer":
            found[entry.name] = value
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def toml_value(text: str) -> object:
    return tomllib.loads(f"value = {text.strip('`')}")["value"]


def test_each_key_of_a_recipe_is_documented_with_its_default() -> None:
    text = page("reference/recipe.md")
    assert "## [renderer]" in text
    found = {key: toml_value(value) for key, value in rows(text).items() if "." in key or key in ("task", "alphabet")}
    assert found == recipe_defaults()


@pytest.mark.parametrize("table", ["backbone", "sequence", "transcription"])
def test_each_option_of_a_built_in_part_is_documented_with_its_default(table: str) -> None:
    text = sections(page("reference/recipe.md"))[f"[{table}]"]
    documented = {}
    for block in re.split(r"^(?=`)", text, flags=re.MULTILINE)[1:]:  # "`bilstm` and `lstm`:", then the table of their options
        for name in set(re.findall(r"`(\w+)`", re.split("[,:]", block)[0])) - {"name"}:
            documented[name] = {key: toml_value(value) for key, value in rows(block).items()}
    shelf = {"backbone": registry().backbones, "sequence": registry().sequence_models, "transcription": registry().transcriptions}
    found = {}
    for owner, part in shelf[table]:
        if owner == "seqrec":
            parameters = inspect.signature(part.load()).parameters.values()
            options = {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}
            found[part.name] = {name: list(one) if isinstance(one, tuple) else one for name, one in options.items()}
    assert documented == found


def test_each_option_of_the_font_renderer_is_documented_with_its_default() -> None:
    from seqrec.rendering.font_renderer import FontOptions

    text = sections(page("reference/recipe.md"))["[renderer]"]
    assert {key: toml_value(value) for key, value in rows(text).items()} == dataclasses.asdict(FontOptions())


def test_readme_of_scene_text_lists_its_alphabets_options_recipes_and_protocols() -> None:
    from seqrec_scene_text.renderer import SceneTextOptions

    task = registry().task("scene-text")
    found = sections((ROOT / "plugins" / "seqrec-scene-text" / "README.md").read_text(encoding="utf-8"))
    assert set(rows(found["Alphabets"])) == {alphabet.name for alphabet in (task.alphabet, *task.alphabets)}
    assert {key: toml_value(value) for key, value in rows(found["Renderer"]).items()} == dataclasses.asdict(SceneTextOptions())
    assert set(rows(found["Recipes"])) == set(task.recipes)
    assert set(rows(found["Protocols"])) == {"exact", *(protocol.name for protocol in task.protocols)}


def test_each_command_has_a_section_with_an_example_and_all_its_options() -> None:
    found = sections(page("reference/cli.md"))
    assert "--no-plugins" in found.pop("Everywhere")
    known = commands()
    assert set(found) == set(known)
    for name, text in found.items():
        assert f"$ {name}" in text, f"no example of {name}"
        documented = {option for row in rows(text) for option in OPTION.findall(row)}
        assert documented == options(known[name]), name


def test_commands_in_the_documentation_exist_with_their_options() -> None:
    known = commands()
    lines = []
    for where, content in [*blocks("console"), *blocks("sh")]:
        joined = content.replace("\\\n", " ")
        lines += [(where, found[1]) for line in joined.splitlines() if (found := COMMAND.fullmatch(line))]
    assert len(lines) > 20
    for where, line in lines:
        words = shlex.split(line.replace(".venv/bin/", "").split(" | ")[0], comments=True)
        name = next((name for name in (" ".join(words[:3]), " ".join(words[:2])) if name in known), None)
        if name is None:
            assert words[1].startswith("--"), f"{where}: no such command: {line}"
            continue
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        tasks = [task for _, task in registry().tasks if "--model" in given or f"--task {task.name} " in f"{line} "]
        added = {f"--{option.name}" for task in tasks for option in task.options if name.split()[-1] in option.commands}
        assert given <= options(known[name]) | added | {"--help"}, f"{where}: {line}"
        if "--model" in options(known[name]) and name != "seqrec data audit":  # where --task is the task that learns
            assert len(given & {"--task", "--model"}) == 1, f"{where}: which reader? {line}"


def test_each_error_is_in_the_tree() -> None:
    tree = inspect.getdoc(errors) or ""
    text = page("reference/errors.md")
    for name, kind in vars(errors).items():
        if inspect.isclass(kind):
            (line,) = [line for line in tree.splitlines() if name in line]
            assert line.strip() in text


def test_each_data_format_has_a_section() -> None:
    names = {reader.name for reader in READERS}
    text = page("reference/data-formats.md")
    assert names <= set(sections(text))
    assert names <= set(rows(text))


def test_metrics_and_model_card_are_documented() -> None:
    from seqrec.model_file import ModelCard
    from seqrec.training.fit import Progress, Validation

    text = page("reference/model-file.md")
    documented = {name for row in rows(text) for name in row.split("`, `")}
    names = {name for row in re.findall(r"^\| (.*?) \|", text, flags=re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}
    for kind in (ModelCard, Progress, Validation):
        wanted = {field.name for field in dataclasses.fields(kind)} - {"rows"}
        assert wanted <= documented | names, kind.__name__


@pytest.mark.parametrize(("where", "content"), list(blocks("python")), ids=lambda text: text.split("\n")[0][:40])
def test_python_in_the_documentation_is_python(where: str, content: str) -> None:
    compile(inspect.cleandoc(content), where, "exec")


def test_names_that_the_documentation_imports_exist() -> None:
    for where, content in blocks("python"):
        for node in ast.walk(ast.parse(inspect.cleandoc(content))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "seqrec":
                module = importlib.import_module(str(node.module))
                for alias in node.names:
                    assert hasattr(module, alias.name) or importlib.util.find_spec(f"{node.module}.{alias.name}"), (
                        f"{where}: {node.module} has no {alias.name}"
                    )


@pytest.mark.parametrize(("where", "content"), list(blocks("toml")), ids=lambda text: text.split("\n")[0][:40])
def test_toml_in_the_documentation_is_toml_and_recipes_are_recipes(where: str, content: str) -> None:
    tree = tomllib.loads(content)
    if not {"project", "build-system"} & set(tree):
        Recipe.from_tree(tree, where)


def test_json_in_the_documentation_is_json() -> None:
    for _, content in blocks("json"):
        json.loads(content)


def test_links_between_files_lead_somewhere() -> None:
    for path in PAGES:
        text = re.sub(r"`[^`\n]+`", "", BLOCK.sub("", path.read_text(encoding="utf-8")))  # code holds no links
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (path.parent / target).exists(), f"{path.relative_to(ROOT)}: {target}"


def test_make_targets_in_the_documentation_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for path in PAGES:
        for target in re.findall(r"(?:^\$ |`)make ([a-z]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"{path.name}: make {target}"


KINDS = ("plugin", "task", "alphabet", "renderer", "backbone", "sequence-model", "transcription", "dataset-reader")


@pytest.mark.parametrize("kind", KINDS)
def test_each_promise_is_documented(kind: str, tmp_path: Path) -> None:
    documented = set(rows(sections(page("reference/conformance-kit.md"))[kind]))
    assert documented == {
        re.sub(r"^(recipe|groups-by|lexicon|grammar|prepares)-\w+$", r"\1-NAME", name) for name in promised(kind, tmp_path)
    }


def promised(kind: str, folder: Path) -> set[str]:
    """Names of the promises of a kind of part, with the names of alphabets and protocols in capitals."""
    from seqrec import Alphabet, Grouping, Notation, builtin
    from seqrec.recipe import Recipe
    from seqrec.testing import bars, promises_of
    from seqrec.testing.alphabets import alphabet_promises
    from seqrec.testing.readers import reader_promises
    from seqrec.testing.renderers import renderer_promises
    from seqrec.testing.tasks import command_promise, learning_promises, task_promises

    alphabet, renderer = Alphabet("abc", "abc"), bars.BarRenderer()
    of_renderer = {promise.name for promise in renderer_promises(renderer, bars.BARS, "renderer", "bars")}
    if kind == "alphabet":
        return {promise.name for promise in alphabet_promises(alphabet, "alphabet", "abc")}
    if kind == "renderer":
        return of_renderer
    if kind == "dataset-reader":
        return {promise.name for promise in reader_promises(READERS[0], folder)}
    if kind != "task":
        return {promise.name for promise in promises_of(builtin) if promise.kind == kind}
    (folder / "own.toml").write_text(Recipe().to_toml())
    (folder / "model.safetensors").touch()
    task = dataclasses.replace(
        bars.seqrec_tasks()[0],
        recipes={"own": folder / "own.toml"},
        groups=[Grouping("length", lambda judged: str(len(judged.label)))],
        lexicons={"words": lambda: ["ab"]},
        grammars={"english": lambda alphabet: None},  # type: ignore[dict-item, return-value]
        notations=(Notation(Alphabet("drawn", "ab"), bars.BARS, lambda symbols: []),),
        second_looks=lambda picture, reading: [],
        preparations={"straight": lambda picture: None},  # type: ignore[dict-item, return-value]
        weights=folder / "model.safetensors",
        samples=folder,
        finish=lambda reading: {},
    )
    found = {promise.name for promise in [*task_promises(task), *learning_promises(task), command_promise(task)]} - of_renderer
    capitals = {
        "bars8": "ALPHABET",
        "bars4": "ALPHABET",
        "low": "PROTOCOL",
        "understands-drawn": "understands-NOTATION",
        "drawn": "ALPHABET",
    }
    named = set()
    for name in found:
        for own, shown in capitals.items():
            name = re.sub(rf"{own}$", shown, name)
        named.add(name)
    others = [promise.name for promise in alphabet_promises(alphabet, "alphabet", "abc")][1:]  # one row stands for all of them
    return named - {f"{name}-ALPHABET" for name in others}
