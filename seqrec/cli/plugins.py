"""`seqrec plugins`: what is installed."""

import typer

from seqrec.cli.console import results_console

app = typer.Typer(help="What is installed.", no_args_is_help=True)


@app.command("list")
def list_plugins() -> None:
    """List plugins, tasks and parts, and what failed to load.

    Example: `seqrec plugins list`
    """
    from rich.table import Table
    from rich.text import Text

    from seqrec.plugins import registry

    found = registry()
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
    for owner, task in found.tasks:
        note = f"{task.description} ({len(task.alphabet)} symbols)"
        offers.add_row("task", task.name, owner, Text(note))
    for kind, shelf in (
        ("backbone", found.backbones),
        ("sequence model", found.sequence_models),
        ("transcription", found.transcriptions),
    ):
        for owner, part in shelf:
            offers.add_row(kind, part.name, owner, "")
    for owner, reader in found.dataset_readers:
        offers.add_row("dataset reader", reader.name, owner, "")
    shown.print(offers)
