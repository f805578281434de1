"""`seqrec data`: look at labelled data sets."""

from pathlib import Path
from typing import Annotated

import typer

from seqrec.cli.console import complain, results_console
from seqrec.cli.data_audit import audit
from seqrec.cli.data_choose import filter, merge, sample, split
from seqrec.cli.data_convert import convert
from seqrec.errors import SeqrecError

app = typer.Typer(help="Convert, check, split, merge and look at labelled data sets.", no_args_is_help=True)
for command in (convert, audit, sample, split, merge, filter):
    app.command()(command)

DataPath = Annotated[
    Path, typer.Argument(metavar="PATH", help="A data set in any format that a reader knows.", show_default=False)
]
Format = Annotated[str, typer.Option("--data-format", help="Its format, where it is not found by itself.", show_default=False)]


@app.command()
def info(
    path: DataPath,
    format: Format = "",
    task: Annotated[str, typer.Option("--task", help="Also check labels against this task's alphabet.", show_default=False)] = "",
    alphabet: Annotated[
        str, typer.Option("--alphabet", help="Of the task, by name; its default where none is given.", show_default=False)
    ] = "",
) -> None:
    """Count samples, lengths and symbols, and name what training could not use.

    Example: `seqrec data info words/ --task scene-text`
    """
    from collections import Counter

    from seqrec.alphabet import Alphabet
    from seqrec.data.audit import audit
    from seqrec.data.readers import chosen_reader, open_dataset
    from seqrec.plugins import registry

    plugins = registry()
    readers = [reader for _, reader in plugins.dataset_readers]
    format = format or chosen_reader(path, readers).name
    store = open_dataset(path, readers, format)
    labels = [store.label(index) for index in range(len(store))]
    characters = Counter(character for label in labels for character in label)
    if alphabet and not task:
        raise SeqrecError("--alphabet names an alphabet of a task: add --task T")
    chosen = plugins.task(task).alphabet_named(alphabet) if task else Alphabet("every symbol", sorted(characters) or ["?"])
    lengths = sorted(len(chosen.split(label)) for label in labels)
    found = audit(store, chosen)
    shown = results_console()
    shown.print(f"{path}: {len(store):,} samples, {len(set(labels)):,} different labels, format {format}", markup=False)
    shown.print(f"label length: {lengths[0]} to {lengths[-1]} symbols, median {lengths[len(lengths) // 2]}")
    shown.print(
        "characters: " + " ".join(f"{character!r}×{count}" for character, count in characters.most_common(40)), markup=False
    )
    for line in found.summary():
        shown.print(line, markup=False)
    shown.print(f"{len(found.usable):,} samples can be used" + (f" with alphabet '{chosen.name}'" if task else ""))


@app.command()
def show(
    path: DataPath,
    format: Format = "",
    count: Annotated[int, typer.Option("--count", help="How many samples.", min=1)] = 16,
    seed: Annotated[int, typer.Option("--seed", help="Which ones; the same seed gives the same ones.", min=0)] = 1,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Draw them on a contact sheet, a PNG.", show_default=False)
    ] = None,
) -> None:
    """List some samples, or draw them on a contact sheet.

    Example: `seqrec data show words/ --count 64 --sheet sheet.png`
    """
    import numpy as np

    from seqrec.cli.render import draw_sheet
    from seqrec.data.readers import open_dataset
    from seqrec.interfaces import Sample
    from seqrec.pictures import fit_height, open_picture, picture_size
    from seqrec.plugins import registry

    store = open_dataset(path, [reader for _, reader in registry().dataset_readers], format or None)
    chosen = sorted(np.random.default_rng(seed).permutation(len(store))[:count].tolist())
    drawn = []
    for index in chosen:
        key, label = store.key(index), store.label(index)
        try:
            encoded = store.encoded(index)
            if sheet:
                drawn.append(Sample(fit_height(open_picture(encoded, key), 32, 8), label, None, key))
            else:
                width, height = picture_size(encoded, key)
                print(f"{key}\t{label}\t{width}×{height}")
        except SeqrecError as error:
            complain(str(error))
    if sheet:
        draw_sheet(drawn, sheet)
        complain(f"{len(drawn)} pictures drawn on {sheet}")
