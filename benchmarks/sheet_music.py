"""How well readers of sheet music read: fragments of 3 to 20 notes in a font and of tunes that training never draws, by length.

    python benchmarks/sheet_music.py --count 1000
    python benchmarks/sheet_music.py --model runs/music --pitch-model runs/pitch --data "$SEQREC_DEV_DATA/staff-photos-dev"

Clean: black engraving on white. Camera: everything that the renderer does to paper and pictures. `--data` adds labelled sets of
semantic tokens, such as photographs or what `benchmarks/engravers.py` draws. Ties are left out of the comparison of tokens, for
labels of photographs lack them; `--with-ties` counts them. `--grammar meter` holds readings of tokens to a grammar of the task.
The last columns of the tokens' table are the shares of staves on which the reader found several notes at once, and which it
turned; with `--upside-down` all fragments stand on their heads. `--errors` says what kinds of tokens are in the places where
wrong fragments differ from their labels.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from decoding_measure import table

import seqrec
from seqrec import Recognizer, Sample
from seqrec.data.readers import open_dataset
from seqrec.metrics import sequence_accuracy, symbol_error_rate
from seqrec.pictures import PictureSource
from seqrec.plugins import registry
from seqrec_sheet_music.alphabets import pitches as pitch_alphabet
from seqrec_sheet_music.alphabets import read_tokens, semantic
from seqrec_sheet_music.metrics import (
    average_edit_distance,
    pitch_error_rate,
    pitches,
    rhythm_error_rate,
    share_of_full_bars,
    without_ties,
)
from seqrec_sheet_music.renderer import SheetMusicOptions, SheetMusicRenderer

LENGTHS = ((3, 5), (6, 10), (11, 20), (3, 20))
"""Fewest and most notes of a row."""
Tokens = list[str]


@dataclass(frozen=True)
class Read:
    """Readings beside their labels, and whether several notes were found to sound at once."""

    readings: list[Tokens]
    labels: list[Tokens]
    several: list[bool]
    turned: list[bool]

    def of_length(self, low: int, high: int) -> "Read":
        """Those whose labels have so many notes."""
        chosen = [place for place, label in enumerate(self.labels) if low <= _notes(label) <= high]
        readings, labels = [self.readings[place] for place in chosen], [self.labels[place] for place in chosen]
        others = ([own[place] for place in chosen] for own in (self.several, self.turned))
        return Read(readings, labels, *others)


def _notes(label: Tokens) -> int:
    return len(pitches(label)) or len(label)


def fragments(difficulty: float, count: int, rare: float, seed: int, pitch: bool) -> list[Sample]:
    """Held-out fragments of 3 to 20 notes, 1 to 4 bars."""
    options = SheetMusicOptions(
        difficulty=difficulty, held_out_difficulty=difficulty, max_bars=4, min_notes=3, max_notes=20, rare=rare
    )
    renderer = SheetMusicRenderer(pitch_alphabet if pitch else semantic, options, validation=True)
    return [renderer.render(np.random.default_rng((seed, number))) for number in range(count)]


def read(reader: Recognizer, samples: Sequence[Sample], upside_down: bool = False) -> Read:
    """What a reader makes of samples."""
    pictures: list[PictureSource] = [np.ascontiguousarray(np.rot90(one.image, 2 * upside_down)) for one in samples]
    return _read(reader, pictures, [sample.label for sample in samples])


def stored(reader: Recognizer, path: Path) -> Read:
    """What a reader makes of a labelled set."""
    store = open_dataset(path, [one for _, one in registry().dataset_readers])
    places = range(len(store))
    return _read(reader, [store.encoded(place) for place in places], [store.label(place) for place in places])


def _read(reader: Recognizer, pictures: list[PictureSource], labels: Sequence[str]) -> Read:
    readings = reader.read(pictures)
    several = ["chord" in one.drawn for one in readings]
    turned = [one.turned == 180 for one in readings]
    return Read([list(one.symbols) for one in readings], [read_tokens(label) for label in labels], several, turned)


def semantic_row(name: str, found: Read, ties: bool) -> list[str]:
    """Rates of tokens."""
    kept = (lambda tokens: tokens) if ties else without_ties
    readings, labels = [kept(one) for one in found.readings], [kept(one) for one in found.labels]
    return [
        name,
        f"{len(labels):,}",
        f"{symbol_error_rate(readings, labels):.2%}",
        f"{sequence_accuracy(readings, labels):.1%}",
        f"{pitch_error_rate(found.readings, found.labels):.2%}",
        f"{rhythm_error_rate(found.readings, found.labels):.2%}",
        f"{share_of_full_bars(found.readings):.1%}",
        f"{share_of_full_bars(found.labels):.1%}",
        f"{np.mean(found.several):.1%}",
        f"{np.mean(found.turned):.1%}",
    ]


def kinds_of_errors(name: str, found: Read) -> str:
    """How many fragments differ from their labels, and in how many of them a token of each kind stands where they do."""
    wrong, kinds = 0, Counter[str]()
    for reading, label in zip(map(without_ties, found.readings), map(without_ties, found.labels), strict=True):
        steps = SequenceMatcher(None, label, reading, autojunk=False).get_opcodes()
        differing = [token for tag, i, j, k, m in steps if tag != "equal" for token in (*label[i:j], *reading[k:m])]
        wrong += bool(differing)
        kinds.update({token.partition("-")[0] for token in differing})
    return f"{name}: {wrong} wrong; " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())


def pitch_row(name: str, found: Read) -> list[str]:
    """The two numbers of the paper's table 4, and the symbol error rate."""
    return [
        name,
        f"{len(found.labels):,}",
        f"{sequence_accuracy(found.readings, found.labels):.1%}",
        f"{average_edit_distance(found.readings, found.labels):.3f}",
        f"{symbol_error_rate(found.readings, found.labels):.2%}",
    ]


def main() -> None:
    """Draw, read, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sheet-music", help="a task, model file or run of semantic tokens; empty for none")
    parser.add_argument("--pitch-model", default="sheet-music-pitch", help="the same of pitches; empty for none")
    parser.add_argument("--count", type=int, default=1000, help="fragments a condition; 0 for the sets of --data alone")
    parser.add_argument(
        "--rare", type=float, default=0.0, help="part of the fragments that are no music but draw all symbols evenly"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the fragments")
    parser.add_argument("--data", type=Path, action="append", default=[], help="a labelled set of semantic tokens, too")
    parser.add_argument("--upside-down", action="store_true", help="turn the fragments of tokens by 180 degrees")
    parser.add_argument("--errors", action="store_true", help="say which kinds of tokens are wrong in the fragments")
    parser.add_argument("--with-ties", action="store_true", help="count ties")
    parser.add_argument("--grammar", action="append", default=[], help="hold readings of tokens to this grammar, too")
    chosen = parser.parse_args()
    conditions = (("clean", 0.0), ("camera", 1.0)) if chosen.count else ()
    lengths = [(low, high, f"{low}–{high} notes") for low, high in LENGTHS]
    if chosen.model:
        reader = seqrec.load(chosen.model)
        reader = replace(reader, decoding=replace(reader.decoding, grammars=tuple((name, 1.0) for name in chosen.grammar)))
        rows, errors = [], []
        for name, difficulty in conditions:
            drawn = fragments(difficulty, chosen.count, chosen.rare, chosen.seed, pitch=False)
            found = read(reader, drawn, chosen.upside_down)
            errors += [kinds_of_errors(name, found)] * chosen.errors
            rows += [semantic_row(f"{name}, {text}", found.of_length(low, high), chosen.with_ties) for low, high, text in lengths]
        rows += [semantic_row(path.name, stored(reader, path), chosen.with_ties) for path in chosen.data]
        heads = [
            "fragments",
            "number",
            "symbol errors",
            "all right",
            "pitch errors",
            "rhythm errors",
            "bars that add up",
            "in labels",
            "several voices told",
            "turned",
        ]
        print("\n".join([*table(heads, rows), "", *errors]))
    if chosen.pitch_model:
        reader = seqrec.load(chosen.pitch_model)
        rows = []
        for name, difficulty in conditions:
            found = read(reader, fragments(difficulty, chosen.count, chosen.rare, chosen.seed, pitch=True))
            rows += [pitch_row(f"{name}, {text}", found.of_length(low, high)) for low, high, text in lengths]
        for path in chosen.data:
            one = stored(reader, path)
            rows.append(pitch_row(path.name, replace(one, labels=[pitches(label) for label in one.labels])))
        print("\n".join(table(["fragments", "number", "all right", "average edit distance", "symbol errors"], rows)))


if __name__ == "__main__":
    main()
