"""The options that say how posteriors become readings, shared by `recognize` and `evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import complain
from seqrec.errors import SeqrecError

if TYPE_CHECKING:
    from seqrec.decoding.choice import Decoding
    from seqrec.recognizer import Recognizer

OWN = "own"
"""What `--lexicon` says where each picture has its own words; `own:NAME` where there are several lists."""

DecoderName = Annotated[
    str, typer.Option("--decoder", help="`greedy` or `beam`; by default what the other options need.", show_default=False)
]
BeamWidth = Annotated[int, typer.Option("--beam-width", help="Prefixes that a beam search keeps.", min=1)]
NBest = Annotated[int, typer.Option("--n-best", help="Readings of each picture: the best and its alternatives.", min=1)]
LexiconName = Annotated[
    str,
    typer.Option(
        "--lexicon",
        help="Read only words of this lexicon: a compiled file, a text file with a word a line, or a name of the task's. `own` "
        "or `own:NAME`: each picture's own, from `lexicon-NAME.tsv` in its folder.",
        show_default=False,
    ),
]
LexiconMode = Annotated[
    str,
    typer.Option(
        "--lexicon-mode",
        help="`exact`: the most probable word of all. `bktree`: as in the paper, see `--delta`. `fragment`: pictures show parts "
        "of words; read without the lexicon, and name the word in which the reading stands somewhere.",
    ),
]
LexiconView = Annotated[
    str,
    typer.Option(
        "--lexicon-view",
        help="With `--lexicon-mode fragment`: what of the symbols is compared, by a name that the task offers.",
        show_default=False,
    ),
]
LexiconCase = Annotated[
    str, typer.Option("--lexicon-case", help="`exact`, or `any`: words also in small letters, capitalised and in capitals.")
]
LexiconThreshold = Annotated[
    float,
    typer.Option(
        "--lexicon-threshold",
        help="Keep the free reading, marked, where p(word) / p(free reading) is below this; 0 never does.",
    ),
]
LexiconShare = Annotated[
    bool, typer.Option("--lexicon-share", help="Also find the word's share of the probability of the whole lexicon.")
]
Delta = Annotated[
    int,
    typer.Option(
        "--delta", help="With `--lexicon-mode bktree` or `fragment`: edits between the free reading and a word, at most.", min=0
    ),
]
PatternText = Annotated[
    str | None,
    typer.Option("--pattern", help="Read only what this regular expression matches, as `[A-Z]{2}[0-9]{4}`.", show_default=False),
]
LmFile = Annotated[
    Path | None, typer.Option("--lm", help="Weigh readings with this language model, an ARPA file.", show_default=False)
]
LmWeight = Annotated[float, typer.Option("--lm-weight", help="What its log-probabilities are multiplied by.")]
GrammarNames = Annotated[
    list[str] | None,
    typer.Option("--grammar", help="NAME or NAME=WEIGHT: a grammar that the task offers; may be repeated.", show_default=False),
]


def own_name(lexicon: str) -> str | None:
    """The name behind `own`, empty where there is none; None where `--lexicon` says something else."""
    first, _, name = lexicon.partition(":")
    return name if first == OWN else None


def with_decoding(
    reader: "Recognizer",
    decoder: str,
    beam_width: int,
    n_best: int,
    lexicon: str,
    lexicon_mode: str,
    lexicon_view: str,
    lexicon_case: str,
    lexicon_threshold: float,
    lexicon_share: bool,
    delta: int,
    pattern: str | None,
    lm: Path | None,
    lm_weight: float,
    grammar: list[str] | None,
) -> "Recognizer":
    """The reader, decoding as the options say; what is left out of a lexicon is told.

    Raises:
        SeqrecError: The options cannot be met.
    """
    import dataclasses

    from seqrec.decoding.choice import Decoding

    chosen = Decoding(
        decoder,  # type: ignore[arg-type]
        beam_width,
        n_best,
        lexicon or None,
        lexicon_mode,  # type: ignore[arg-type]
        lexicon_view,
        lexicon_case,  # type: ignore[arg-type]
        lexicon_threshold=lexicon_threshold,
        lexicon_share=lexicon_share,
        delta=delta,
        pattern=pattern,
        lm=lm,
        lm_weight=lm_weight,
        grammars=[_weighted(one) for one in grammar or []],
    )
    return dataclasses.replace(reader, decoding=compiled(reader, chosen))


def compiled(reader: "Recognizer", decoding: "Decoding") -> "Decoding":
    """The same with the lexicon compiled, once for all pictures; says what was left out of it."""
    import dataclasses

    if decoding.lexicon is None:
        return decoding
    lexicon = dataclasses.replace(reader, decoding=decoding).transcriber.lexicon
    if str(lexicon.dropped):
        complain(f"lexicon: left out {lexicon.dropped}")
    return dataclasses.replace(decoding, lexicon=lexicon)


def _weighted(text: str) -> tuple[str, float]:
    name, _, factor = text.partition("=")
    try:
        return name, float(factor or 1.0)
    except ValueError as error:
        raise SeqrecError(f"--grammar {text}: '{factor}' is no number; say NAME or NAME=WEIGHT") from error
