"""Small lexicons for each picture of a labelled set that has none, so that the columns with them can be measured.

    python benchmarks/lexicons.py --data words/ -o measured/words [--words 50 1000] [--seed 0]
    seqrec evaluate --task scene-text --protocol crnn2015 --data measured/words

Each picture gets its own label and other labels of the set, drawn evenly without repetition; case variants of one word count as
one. The folder holds links to everything in the set's folder, and a `lexicon-50.tsv` and `lexicon-1k.tsv`. Numbers measured with
drawn lexicons are not those of the lexicons that come with published sets: say which were used.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from seqrec.benchmark import size_name
from seqrec.data.readers import READERS, open_dataset
from seqrec.errors import SeqrecError
from seqrec.interfaces import Store


def linked(data: Path, out: Path) -> None:
    """A folder with links to all that lies in the set's folder.

    Raises:
        SeqrecError: The folder exists.
    """
    folder = data if data.is_dir() else data.parent
    try:
        out.mkdir(parents=True)
    except FileExistsError as error:
        raise SeqrecError(f"-o {out}: exists; name a new folder") from error
    for entry in sorted(folder.iterdir()):
        (out / entry.name).symlink_to(entry.resolve())


def vocabulary(store: Store) -> list[str]:
    """The labels of a set, each once whatever its case; those with tabs, which a lexicon's line cannot hold, left out."""
    labels = [store.label(index) for index in range(len(store))]
    return list({label.casefold(): label for label in reversed(labels) if label.strip() and "\t" not in label}.values())[::-1]


def drawn(store: Store, words: Sequence[str], size: int, seed: int) -> list[str]:
    """A line for each picture: its path, and `size` words in random order, its own label among them."""
    rng = random.Random(f"{seed} {size}")
    lines = []
    for index in range(len(store)):
        label = store.label(index)
        others = [word for word in rng.sample(words, size) if word.casefold() != label.casefold()]
        some = [*others[: size - 1], *([label] if label.strip() and "\t" not in label else [])]
        rng.shuffle(some)
        lines.append("\t".join([store.key(index), *some]))
    return lines


def main() -> None:
    """Read the options, draw, write."""
    parser = argparse.ArgumentParser(description="Draw a lexicon for each picture of a labelled set.")
    parser.add_argument("--data", type=Path, required=True, help="the labelled set")
    parser.add_argument("-o", "--out", type=Path, required=True, help="a new folder; protocols know a set by its folder's name")
    parser.add_argument("--words", type=int, nargs="+", default=[50, 1000], help="words a picture, a file each")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    store = open_dataset(chosen.data, READERS)
    words = vocabulary(store)
    print(f"{len(store):,} pictures, {len(words):,} different words")
    linked(chosen.data, chosen.out)
    for size in chosen.words:
        if size > len(words):
            print(f"no lexicon of {size:,}: the set has only {len(words):,} words")
            continue
        file = chosen.out / f"lexicon-{size_name(size)}.tsv"
        file.write_text("\n".join(drawn(store, words, size, chosen.seed)) + "\n", encoding="utf-8")
        print(f"{file}: {size:,} words a picture")


if __name__ == "__main__":
    try:
        main()
    except SeqrecError as error:
        sys.exit(f"error: {error}")
