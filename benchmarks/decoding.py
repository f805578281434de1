"""How exact and how fast decoding is, beside torch, pybktree and flashlight: five tables in Markdown.

    python benchmarks/decoding.py [exactness|exact|sizes|delta|lines|all] [--count N] [--cache DIR] [-o results.md]

    exactness  the exact search against torch's loss of every word, on random and on real posteriors
    exact      its time among 50,000 words, beside a walk over the whole trie, the BK-tree and torch
    sizes      its time among 1,000 to 1,000,000 words at 26, 75 and 320 frames; the compiled file
    delta      accuracy and time of the paper's lexicon mode by its radius, beside pybktree
    lines      lines a second of greedy reading and of a beam, beside flashlight

Real posteriors are those of the shipped scene-text reader on the pictures of `$SEQREC_DEV_DATA/iiit5k-train` and
`icdar2015-train`. They are computed once and kept in --cache, as are torch's scores: an interrupted run goes on where it was.
Peers that are not installed are named as not available.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

TABLES = ("exactness", "exact", "sizes", "delta", "lines")


def main() -> int:
    """Print the tables; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", nargs="?", choices=(*TABLES, "all"), default="all")
    parser.add_argument("--count", type=int, default=1000, help="posteriors of a table or of its row (1000)")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "seqrec-benchmark-decoding")
    parser.add_argument("-o", "--output", type=Path, help="also write the tables to this file")
    chosen = parser.parse_args()
    if chosen.count < 1:
        parser.error(f"--count is {chosen.count}; expected at least 1")
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before numpy and torch are imported
        os.environ[name] = "1"
    return run(TABLES if chosen.table == "all" else (chosen.table,), chosen.count, chosen.cache, chosen.output)


def run(names: tuple[str, ...], count: int, cache: Path, output: Path | None) -> int:
    """Print tables as they are finished; 2 where something is missing, else 0."""
    import torch
    from decoding_material import Material
    from decoding_measure import preface
    from decoding_readings import delta, lines
    from decoding_search import exact, exactness, sizes

    from seqrec.errors import SeqrecError

    torch.set_num_threads(1)
    material = Material(cache, count)
    makers = dict(zip(TABLES, (exactness, exact, sizes, delta, lines), strict=True))
    said: list[str] = []

    def say(line: str) -> None:
        print(line, flush=True)
        said.append(line)
        if output:
            output.write_text("\n".join(said) + "\n", encoding="utf-8")

    try:
        _ = material.data
        for line in preface(f"python benchmarks/decoding.py {'all' if names == TABLES else names[0]} --count {count}"):
            say(line)
        for name in names:
            for line in (*makers[name](material), ""):
                say(line)
    except SeqrecError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
