"""Options that a task adds to a command: they are there as soon as the command line says which task it is about."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from seqrec.errors import SeqrecError

if TYPE_CHECKING:
    from seqrec.recognizer import Recognizer
    from seqrec.task import Option, Task

_KEY = "seqrec.task-options"


class WithTaskOptions(TyperCommand):
    """A command with `--task` and `--model` to which that task's options are added."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse; what the task's options were given is kept for `configured`."""
        task = _task_named(args)
        parameters = _parameters([option for option in task.options if self.name in option.commands]) if task else []
        ctx.meta[_KEY] = parameters
        rest = super().parse_args(ctx, args)
        values = {str(one.name): ctx.params.pop(str(one.name), None) for one in parameters}
        defaults = {str(one.name): one.default for one in parameters}
        ctx.meta[_KEY] = {name.replace("_", "-"): value for name, value in values.items() if value != defaults[name]}
        return rest

    def get_params(self, ctx: Any) -> list[Any]:
        """The command's own and the task's."""
        added = ctx.meta.get(_KEY, [])
        return [*super().get_params(ctx), *(added if isinstance(added, list) else [])]


def configured(reader: "Recognizer", ctx: typer.Context) -> "Recognizer":
    """The reader with its task as the options of the command line say.

    Raises:
        SeqrecError: An option has a value that the task refuses.
    """
    import dataclasses

    given: Mapping[str, str | bool] = ctx.meta.get(_KEY, {})
    if not given or reader.task is None:
        return reader
    return dataclasses.replace(reader, task=reader.task.configured(given))


def _task_named(args: Sequence[str]) -> "Task | None":
    """The task that a command line is about; None where it names none, or one that the command will complain about."""
    from seqrec.plugins import registry

    try:
        task, model = _value(args, "--task"), _value(args, "--model")
        if task:
            return registry().task(task)
        if model:
            from seqrec.model_file import find_model, read_card

            return registry().task(read_card(find_model(Path(model))).task)
    except SeqrecError:
        pass
    return None


def _value(args: Sequence[str], option: str) -> str:
    """What an option is given; nothing where it is not."""
    for place, one in enumerate(args):
        name, equals, value = one.partition("=")
        if name == option:
            return value if equals else next(iter(args[place + 1 : place + 2]), "")
    return ""


def _parameters(options: "Sequence[Option]") -> list[Any]:
    """The options as typer makes them of a function's signature."""
    if not options:
        return []
    taken = []
    for option in options:
        spelt = f"--{option.name}"
        made = typer.Option(spelt, help=option.help, show_default=False, rich_help_panel="Options of the task")
        kind = Annotated[bool, made] if option.default is False else Annotated[str, made]
        name = option.name.replace("-", "_")
        taken.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=kind))

    def command(**_: object) -> None: ...

    command.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in taken}
    app = typer.Typer(add_completion=False)
    app.command()(command)
    return list(typer.main.get_command(app).params)
