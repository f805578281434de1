"""`seqrec plugins`: what is installed, what is wrong with it, and a new one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqrec.cli.console import results_console
from seqrec.cli.new_plugin import new

if TYPE_CHECKING:
    from seqrec.plugins import Loaded, Registry

app = typer.Typer(help="What is installed, what is wrong with it, and a new one.", no_args_is_help=True)
app.command("new")(new)


@app.command("list")
def list_plugins(json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False) -> None:
    """List plugins, tasks and parts, and what failed to load.

    Example: `seqrec plugins list`
    """
    from seqrec.plugins import registry

    found = registry()
    if json:
        import json as writer

        told = {"plugins": [_plugin_row(plugin) for plugin in found.plugins], "offers": list(_offers(found))}
        typer.echo(writer.dumps(told, ensure_ascii=False, indent=2))
        return
    from rich.table import Table
    from rich.text import Text

    shown = results_console()
    plugins = Table(title="plugins")
    for column in ("plugin", "version", "state"):
        plugins.add_column(column)
    for plugin in found.plugins:
        plugins.add_row(plugin.name, plugin.version or "built in", Text(plugin.failure or "loaded"))
    shown.print(plugins)
    offers = Table(title="what they offer")
    for column in ("kind", "name", "plugin", ""):
        offers.add_column(column)
    for offer in _offers(found):
        note = f"{offer['description']} ({offer['symbols']} symbols)".strip() if offer["kind"] == "task" else ""
        offers.add_row(offer["kind"], offer["name"], offer["plugin"], Text(note))
    shown.print(offers)


@app.command("doctor")
def doctor() -> None:
    """Say of each plugin whether it loads, with the traceback where it does not. Exit code 1 where one does not.

    Example: `seqrec plugins doctor`
    """
    from seqrec.plugins import registry, traceback_of

    found = registry()
    for plugin in found.plugins:
        entry = f" (entry point '{plugin.entry}')" if plugin.entry else ""
        if not plugin.failure:
            brought = sum(offer["plugin"] == plugin.name for offer in _offers(found))
            typer.echo(f"✓ {plugin.name} {plugin.version}{entry}: loaded, brings {brought}".replace(" :", ":"))
            continue
        typer.echo(f"✗ {plugin.name} {plugin.version}{entry} {plugin.failure}")
        if plugin.cause:
            typer.echo("    " + traceback_of(plugin.cause).rstrip().replace("\n", "\n    "))
    if any(plugin.failure for plugin in found.plugins):
        raise typer.Exit(1)


def _plugin_row(plugin: "Loaded") -> dict[str, str]:
    """What `--json` says of a plugin."""
    return {
        "name": plugin.name,
        "version": plugin.version,
        "entry_point": plugin.entry,
        "state": "failed" if plugin.failure else "loaded",
        "phase": plugin.phase,
        "failure": plugin.failure,
    }


def _offers(found: "Registry") -> Iterator[dict[str, Any]]:
    """What each plugin offers, one row each."""
    for owner, task in found.tasks:
        yield {
            "kind": "task",
            "name": task.name,
            "plugin": owner,
            "description": task.description,
            "symbols": len(task.alphabet),
            "alphabets": [alphabet.name for alphabet in (task.alphabet, *task.alphabets)],
            "recipes": sorted(task.recipes),
            "draws": task.renderer is not None,
            "reads": bool(task.weights and task.weights.is_file()),
        }
    for kind, shelf in (
        ("backbone", found.backbones),
        ("sequence model", found.sequence_models),
        ("transcription", found.transcriptions),
        ("dataset reader", found.dataset_readers),
    ):
        for owner, offer in shelf:
            yield {"kind": kind, "name": offer.name, "plugin": owner}
