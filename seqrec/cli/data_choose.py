"""`seqrec data sample`, `split`, `merge` and `filter`: other sets made of data sets, always the same ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import complain
from seqrec.cli.data_sets import DataFormat, DataPath, Out, Seed, opened, progress, tell, write

if TYPE_CHECKING:
    from seqrec.data.duplicates import Duplicates
    from seqrec.interfaces import Store


def sample(
    path: DataPath,
    out: Out,
    count: Annotated[int, typer.Option("--count", help="How many samples.", min=1)] = 1000,
    seed: Seed = 1,
    format: DataFormat = "",
) -> None:
    """Write some samples of a data set as a set of their own.

    Example: `seqrec data sample words.lmdb --count 500 -o some.lmdb`
    """
    from seqrec.data.choose import sampled

    store = opened(path, format)
    tell(write(store, path, out, sampled(len(store), count, seed)), out)


def split(
    path: DataPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for a set a part.", show_default=False)],
    parts: Annotated[str, typer.Option("--parts", help="Names and shares of the parts.")] = "train=0.9,val=0.1",
    together: Annotated[
        str,
        typer.Option(
            "--together",
            help="Samples whose original names agree in what this regular expression finds stay in one part, as `^[^_]+` for "
            "the scene in `18_01_1.png`.",
            show_default=False,
        ),
    ] = "",
    seed: Seed = 1,
    format: DataFormat = "",
) -> None:
    """Split a data set into parts of which none has a picture, or one nearly equal, of another.

    Example: `seqrec data split words.lmdb --parts train=0.8,val=0.1,test=0.1 -o words/`
    """
    from seqrec.data.choose import by_name, grouped, parsed_parts, split_groups

    shares = parsed_parts(parts)
    store = opened(path, format)
    named = by_name(store, together) if together else []
    alike = _duplicates(store, f"comparing {path}").near
    groups = grouped(len(store), alike, named)
    for name, members in split_groups(groups, shares, seed).items():
        if not members:
            complain(f"{name}: no sample; there are only {len(groups):,} groups of samples that must stay together")
            continue
        tell(write(store, path, out / name, members), out / name)
    complain(f"{sum(map(len, alike)):,} samples in {len(alike):,} groups of equal or nearly equal pictures stayed together")


def merge(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Data sets in any format.", show_default=False)],
    out: Out,
    unique: Annotated[
        bool, typer.Option("--unique", help="Of pictures of the same bytes with the same label keep the first.")
    ] = False,
) -> None:
    """Write several data sets as one, one after the other.

    Example: `seqrec data merge photographs/ scans.lmdb -o all.lmdb --unique`
    """
    from hashlib import sha256

    from seqrec.cli.data_sets import lexicons_of
    from seqrec.data.choose import Merged
    from seqrec.data.convert import write_samples
    from seqrec.errors import SeqrecError

    stores = [(name, opened(name)) for name in paths]
    merged = Merged([(Path(name).name, store) for name, store in stores])
    chosen: list[int] = []
    seen: set[tuple[bytes, str]] = set()
    for index in range(len(merged)):
        try:
            mark = (sha256(merged.encoded(index)).digest(), merged.label(index)) if unique else (b"", str(index))
        except SeqrecError:
            mark = (b"", str(index))  # writing will name it
        if mark not in seen:
            seen.add(mark)
            chosen.append(index)
    with progress(f"writing {out}", len(chosen)) as done:
        lexicons = merged.lexicons([lexicons_of(store, name) for name, store in stores])
        written = write_samples(merged, out, chosen, lexicons, done)
    tell(written, out)
    if unique:
        complain(f"{len(merged) - len(chosen):,} copies left out")
    if written.left_out:
        raise typer.Exit(1)


def filter(
    path: DataPath,
    out: Out,
    task: Annotated[
        str, typer.Option("--task", help="Keep what this task can learn from: its symbols alone.", show_default=False)
    ] = "",
    alphabet: Annotated[
        str, typer.Option("--alphabet", help="Of the task, by name; its default where none is given.", show_default=False)
    ] = "",
    recipe: Annotated[
        str,
        typer.Option("--recipe", help="Keep labels for which this recipe's network has frames enough.", show_default=False),
    ] = "",
    label: Annotated[
        str, typer.Option("--label", help="Keep labels that this regular expression matches as a whole.", show_default=False)
    ] = "",
    length: Annotated[str, typer.Option("--length", help="Symbols of a label, as `3-20`.", show_default=False)] = "",
    width: Annotated[str, typer.Option("--width", help="Pixels, as `16-2000`.", show_default=False)] = "",
    height: Annotated[str, typer.Option("--height", help="Pixels, as `8-`.", show_default=False)] = "",
    unique: Annotated[bool, typer.Option("--unique", help="Of equal or nearly equal pictures keep the first.")] = False,
    format: DataFormat = "",
) -> None:
    """Write the samples that fulfil all conditions; the others are counted, condition by condition.

    Example: `seqrec data filter words.lmdb --task scene-text --length 3- --unique -o clean.lmdb`
    """
    from collections import Counter

    store = opened(path, format)
    conditions = _conditions(task, alphabet, recipe, label, length, width, height)
    lost: Counter[str] = Counter()
    kept: list[int] = []
    with progress(f"looking at {path}", len(store)) as done:
        for index in range(len(store)):
            why = conditions.broken(store, index)
            lost.update([why] if why else [])
            kept += [] if why else [index]
            done(index + 1)
    if unique and kept:
        copies = {kept[place] for group in _duplicates(_Chosen(store, kept), f"comparing {path}").near for place in group[1:]}
        lost.update({"copy": len(copies)} if copies else {})
        kept = [index for index in kept if index not in copies]
    for why, count in lost.most_common():
        complain(f"{count:,} of {len(store):,} samples left out: {why}")
    if not kept:
        from seqrec.errors import DataError

        raise DataError(f"no sample of '{path}' fulfils the conditions; nothing is written")
    tell(write(store, path, out, kept), out)


def _conditions(task: str, alphabet: str, recipe: str, label: str, length: str, width: str, height: str):  # type: ignore[no-untyped-def]
    import re

    from seqrec.cli.train import chosen_recipe
    from seqrec.data.choose import Conditions
    from seqrec.errors import SeqrecError
    from seqrec.plugins import registry

    if (alphabet or recipe) and not task:
        raise SeqrecError("--alphabet and --recipe go with a task: add --task T")
    chosen = registry().task(task) if task else None
    fits = None
    if chosen and recipe:
        from seqrec.network import frame_counters

        frames, needed = frame_counters(chosen_recipe(chosen, recipe), chosen.alphabet_named(alphabet), registry())
        fits = lambda width, height, ids: frames(width, height) >= needed(ids)  # noqa: E731
    try:
        pattern = re.compile(label) if label else None
    except (re.error, RecursionError) as error:
        raise SeqrecError(f"--label {label}: no regular expression: {error}") from error
    return Conditions(
        chosen.alphabet_named(alphabet) if chosen else None,
        bounds("--length", length),
        bounds("--width", width),
        bounds("--height", height),
        pattern,
        fits,
    )


def bounds(option: str, text: str) -> tuple[int, int]:
    """Least and greatest of `3-20`, `3-`, `-20` or `20`.

    Raises:
        SeqrecError: Another form.
    """
    import re

    from seqrec.errors import SeqrecError

    found = re.fullmatch(r"(\d*)(-?)(\d*)", text.strip())
    if found is None or (text and found[0] in ("", "-")):
        raise SeqrecError(f"{option} {text}: expected a number or a range, as 3-20, 3- or -20")
    if not text:
        return 0, 1 << 30
    if not found[2]:
        return int(found[1]), int(found[1])
    return int(found[1] or 0), int(found[3] or 1 << 30)


class _Chosen:
    """Some samples of a store."""

    def __init__(self, store: "Store", indices: list[int]) -> None:
        self.store, self.indices = store, indices

    def __len__(self) -> int:
        return len(self.indices)

    def key(self, index: int) -> str:
        return self.store.key(self.indices[index])

    def label(self, index: int) -> str:
        return self.store.label(self.indices[index])

    def encoded(self, index: int) -> bytes:
        return self.store.encoded(self.indices[index])


def _duplicates(store: "Store", what: str) -> "Duplicates":
    from seqrec.data.duplicates import Outline, find_duplicates, outline
    from seqrec.data.examination import label_of
    from seqrec.errors import SeqrecError
    from seqrec.pictures import open_picture

    outlines: list[Outline | None] = []
    labels: list[str] = []
    with progress(what, len(store)) as done:
        for index in range(len(store)):
            try:
                encoded = store.encoded(index)
                outlines.append(outline(encoded, open_picture(encoded, store.key(index))))
            except SeqrecError:
                outlines.append(None)
            labels.append(label_of(store, index))
            done(index + 1)
    found = find_duplicates(outlines, lambda index: open_picture(store.encoded(index), store.key(index)), labels)
    if found.bound:
        complain(found.bound)
    return found
