"""`seqrec lexicon`: compile lists of words, and look into what was compiled."""

from pathlib import Path
from typing import Annotated

import typer

from seqrec.cli.console import AlphabetName, TaskName, complain, results_console

app = typer.Typer(help="Compile lists of words, and look into what was compiled.", no_args_is_help=True)


@app.command()
def build(
    words: Annotated[
        str,
        typer.Argument(
            metavar="WORDS",
            help="A text file: a word a line, after tabs a prior weight and spellings. Or a lexicon that the task offers.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The compiled file, as `words.lex`.", show_default=False)],
    task: TaskName,
    alphabet: AlphabetName = "",
    case: Annotated[
        str, typer.Option("--lexicon-case", help="`exact`, or `any`: words also in small letters, capitalised and in capitals.")
    ] = "exact",
    policy: Annotated[
        str,
        typer.Option(
            "--policy",
            help="Words with symbols outside the alphabet: `drop` them, `reduce` them to the rest, or stop with an `error`.",
        ),
    ] = "drop",
) -> None:
    """Compile words for exact search. The file is mapped into memory when it is used: a million words load at once.

    Example: `seqrec lexicon build words.txt -o words.lex --task scene-text --lexicon-case any`
    """
    from seqrec.decoding.choice import Decoding, Offers
    from seqrec.decoding.lexicon_file import save_lexicon
    from seqrec.plugins import registry

    chosen = registry().task(task)
    decoding = Decoding(lexicon=words, lexicon_case=case, lexicon_policy=policy)  # type: ignore[arg-type]
    symbols = chosen.alphabet_named(alphabet)
    lexicon = decoding.lexicon_for(symbols, Offers(chosen.name, chosen.lexicons, chosen.grammars))
    save_lexicon(out, lexicon)
    if lexicon.dropped.count:
        complain(f"left out {lexicon.dropped}")
    if lexicon.dropped.merged:
        complain(f"{lexicon.dropped.merged:,} words merged into others that are spelt alike in alphabet '{symbols.name}'")
    complain(f"{out}: {len(lexicon):,} words, {len(lexicon.tables.word):,} spellings, {out.stat().st_size:,} bytes")


@app.command()
def info(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A compiled lexicon.", show_default=False)],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the whole file and compare it with the hash in its header.")
    ] = False,
) -> None:
    """Say what a compiled lexicon holds.

    Example: `seqrec lexicon info words.lex --verify`
    """
    from seqrec.decoding.lexicon_file import load_lexicon, verify_lexicon

    lexicon = load_lexicon(file)
    shown = results_console()
    shown.print(
        f"{file}: {len(lexicon):,} words, {len(lexicon.tables.word):,} spellings, alphabet '{lexicon.alphabet.name}'",
        markup=False,
    )
    shown.print(f"longest spelling: {lexicon.longest} symbols; trie: {len(lexicon.tables.skip):,} nodes")
    shown.print(f"first words: {', '.join(lexicon.texts[:8])}", markup=False)
    if verify:
        verify_lexicon(file)
        shown.print("its content is what was written (SHA-256)")
