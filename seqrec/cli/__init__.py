"""The command line: one file a command; whatever is heavy is imported inside the command."""

import gc
import os
import sys
import warnings
from typing import Any

import typer

from seqrec import __version__
from seqrec.cli.calibrate import calibrate
from seqrec.cli.console import complain
from seqrec.cli.data import app as data_app
from seqrec.cli.doctor import doctor
from seqrec.cli.evaluate import evaluate
from seqrec.cli.export import export
from seqrec.cli.import_weights import import_weights
from seqrec.cli.lexicon import app as lexicon_app
from seqrec.cli.lm import app as lm_app
from seqrec.cli.plugins import app as plugins_app
from seqrec.cli.recognize import recognize
from seqrec.cli.render import render
from seqrec.cli.task_options import WithTaskOptions
from seqrec.cli.train import train
from seqrec.errors import PluginError, PluginWarning, SeqrecError

_USAGE_ERRORS: Any = typer.BadParameter.__base__  # whose name typer keeps to itself

app = typer.Typer(
    help="Reads pictures of symbol sequences: scene text, sheet music, and whatever a plugin brings.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def options(
    no_plugins: bool = typer.Option(False, "--no-plugins", help="Load no plugin; only what the core brings is there."),
) -> None:
    """What holds for every command."""
    if no_plugins:
        os.environ["SEQREC_PLUGINS"] = ""


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


app.command()(train)
app.command(cls=WithTaskOptions)(recognize)
app.command(cls=WithTaskOptions)(evaluate)
for command in (calibrate, export, render, doctor):
    app.command()(command)
app.command("import")(import_weights)
app.add_typer(data_app, name="data")
app.add_typer(lexicon_app, name="lexicon")
app.add_typer(lm_app, name="lm")
app.add_typer(plugins_app, name="plugins")


def main() -> None:
    """Run the command line; an error of the user's is one line and exit code 2, Ctrl-C is exit code 130."""
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # torch's threads must not spin while our workers have their core
    gc.set_threshold(20_000, 20, 50)  # importing makes many objects and no garbage: a tenth of a second is saved
    if "--no-plugins" in sys.argv:  # before the command or behind it
        sys.argv.remove("--no-plugins")
        os.environ["SEQREC_PLUGINS"] = ""
    warnings.simplefilter("always", PluginWarning)
    warnings.showwarning = lambda message, *_: complain(f"warning: {message}")
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except SeqrecError as error:
        if isinstance(error, PluginError) and error.__cause__:
            from seqrec.plugins import traceback_of

            sys.stderr.write(traceback_of(error.__cause__))
        complain(f"error: {error}")
        sys.exit(2)
    except _USAGE_ERRORS as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
        else:
            complain(f"error: {error.format_message()}")
        sys.exit(2)
    except KeyboardInterrupt:
        complain("stopped")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of our output has gone
        sys.exit(141)
