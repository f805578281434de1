"""Tables `exactness`, `exact` and `sizes` of `benchmarks/decoding.py`: the exact search among the words of a lexicon."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from decoding_material import SCALES, SETS, LogProbs, Material, english, joined, many_words, padded, random_posteriors
from decoding_measure import BUDGET_S, TIMES, evenly, figure, spread, table, timed, times_ms, watched
from decoding_peers import TorchScorer, loss_of

from seqrec.decoding.bktree import BKTree
from seqrec.decoding.bounds import bounds, likelihoods
from seqrec.decoding.lexicon import Entry, Lexicon, any_case
from seqrec.decoding.lexicon_file import load_lexicon, save_lexicon
from seqrec.decoding.search import best_words, make_room
from seqrec_scene_text.alphabets import alnum36, ascii95

WORDS = 50_000
TIE = 1e-4
"""Nats; torch's float32 losses of some tens of nats are not surer than this."""
_EQUAL = 1e-6
"""Nats; so far our own two ways to sum over paths may differ by rounding."""
_TORCH_PICTURES = 5
_TREE_PICTURES = 60
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_SHORT, _LONG = 26, (75, 320)


def exactness(material: Material) -> Iterator[str]:
    """Share of posteriors where the exact search finds the word of the least `ctc_loss`."""
    lexicon = Lexicon.compile(english(WORDS), alnum36, policy="reduce")
    scorer = TorchScorer(lexicon)
    drawn = list(random_posteriors(material.count, alnum36.classes))
    groups = {f"random, scale {scale:g}": [one for own, one in drawn if own == scale] for scale in SCALES}
    for name in SETS:
        groups[name] = [one.log_probs for one in evenly(material.folded(name), -(-material.count // len(SETS)))]
    rows, totals = [], [0] * 5
    for name, samples in groups.items():
        if not samples:  # --count below the number of scales
            continue
        counts = _agreement(lexicon, scorer, samples, material.cache, name)
        totals = [sum(pair) for pair in zip(totals, counts, strict=True)]
        frames = [len(one) for one in samples]
        rows.append([name, f"{min(frames)}–{max(frames)}", *_agreement_cells(counts)])
    rows.append(["all", "", *_agreement_cells(totals)])
    yield f"### Exactness: the exact search against `ctc_loss` of all {len(lexicon):,} words, C={alnum36.classes}"
    header = ("posteriors", "T", "number", "same word", "tie in float32", "ours ahead in float64", "other word", "agreement")
    yield from table(header, rows)
    yield (
        f"Random: softmax of Gaussian logits with the scale as standard deviation. Tie: another word than torch's whose loss "
        f"torch finds at most {TIE:g} nats higher; both words' losses are then taken again in float64."
    )


def _agreement(lexicon: Lexicon, scorer: TorchScorer, samples: Sequence[LogProbs], cache: Path, name: str) -> list[int]:
    """Numbers of samples, same words, ties, ties where ours is at least as probable in float64, and other words."""
    counts = [len(samples), 0, 0, 0, 0]
    for log_probs, (theirs, loss) in zip(samples, scorer.best_of_each(samples, cache, name), strict=True):
        found = lexicon.best(log_probs)
        if not found or found[0].word == theirs:
            counts[1 if found or loss == np.inf else 4] += 1
            continue
        ours = found[0].ids
        higher = loss_of(log_probs, ours) - loss
        if higher > TIE:
            print(f"{name}: {found[0].word} for {theirs}, {higher:.3g} nats higher", file=sys.stderr)
            counts[4] += 1
            continue
        counts[2] += 1
        (other,) = lexicon.spellings(theirs)
        counts[3] += loss_of(log_probs, ours, torch.float64) <= loss_of(log_probs, other, torch.float64)
    return counts


def _agreement_cells(counts: Sequence[int]) -> list[str]:
    return [*(f"{count:,}" for count in counts), f"{(counts[1] + counts[2]) / counts[0]:.2%}"]


class _Setting(NamedTuple):
    """A lexicon and the posteriors to search it with."""

    name: str
    lexicon: Lexicon
    samples: list[LogProbs]


def exact(material: Material) -> Iterator[str]:
    """Times of the exact search, and of what else finds words: a walk over the whole trie, a BK-tree, torch."""
    plain = Lexicon.compile(english(WORDS), alnum36, policy="reduce")
    cased = Lexicon.compile((any_case(Entry(word)) for word in english(WORDS)), ascii95)
    rows, ratios = [], []
    for lexicon in (plain, cased):
        scorer, tree = TorchScorer(lexicon), BKTree(lexicon)
        for name in SETS:
            all_samples = material.folded(name) if lexicon is plain else material.real(name)
            samples = [one.log_probs for one in evenly(all_samples, material.count)]
            setting = _Setting(f"{name}, C={lexicon.alphabet.classes}", lexicon, samples)
            more_rows, ratio = _measured(setting, tree, scorer)
            rows += more_rows
            ratios.append(ratio)
    yield (
        f"### Exact search: {len(plain):,} words with one spelling each in alnum36 (C={alnum36.classes}); {len(cased):,} words "
        f"with {len(cased.tables.word):,} spellings (small, capitalised, capitals) in ascii95 (C={ascii95.classes})"
    )
    yield from table(("posteriors", "T median, max", "search", "pictures", *TIMES), rows)
    beside_whole = ("exact / whole trie: median", "max", "above 1.2")
    beside_others = ("torch / exact at the median", "BK-tree's p higher", "BK-tree finds the same word")
    yield from table(("posteriors", *beside_whole, *beside_others), ratios)
    yield (
        "Whole trie: depth first, every node with mass; the time of its bounds is not counted. Ratios are those of the same "
        "picture but for torch's, which compares medians."
    )


def _measured(setting: _Setting, tree: BKTree, scorer: TorchScorer) -> tuple[list[list[str]], list[str]]:
    """Rows of times, and a row of ratios."""
    name, lexicon, samples = setting
    frames = [len(one) for one in samples]
    whole = _whole_pass(lexicon, max(frames))
    lexicon.best(samples[0], share=True), tree.best(samples[0]), whole(samples[0])  # compiles what was not yet
    alone, shared, walked = np.empty((3, len(samples)))
    for place, log_probs in enumerate(watched(samples, name)):
        _, alone[place] = timed(lambda: lexicon.best(log_probs))  # noqa: B023
        _, shared[place] = timed(lambda: lexicon.best(log_probs, share=True))  # noqa: B023
        walked[place] = whole(log_probs)
    few, near, higher, same = evenly(samples, _TREE_PICTURES), [], 0, 0
    for log_probs in watched(few, f"{name}, BK-tree"):
        found = lexicon.best(log_probs)
        close, took = timed(lambda: tree.best(log_probs, 3), 1)  # noqa: B023
        near.append(took)
        higher += bool(close) and (not found or close[0].score > found[0].score + _EQUAL)
        same += bool(close) and bool(found) and close[0].word == found[0].word
    scored = np.array(times_ms(scorer.losses, evenly(samples, _TORCH_PICTURES), f"{name}, torch"))
    every: dict[str, Sequence[float] | npt.NDArray[np.float64]] = {
        "exact": alone, "exact, with share": shared, "whole trie": walked, "BK-tree, delta 3": near, "torch": scored
    }  # fmt: skip
    about = f"{np.median(frames):.0f}, {max(frames)}"
    rows = [[name, about, search, f"{len(times):,}", *spread(times)] for search, times in every.items()]
    ratio = alone / walked
    beside_whole = [figure(np.median(ratio)), figure(ratio.max()), f"{(ratio > 1.2).sum():,}"]
    return rows, [name, *beside_whole, figure(np.median(scored) / np.median(alone)), str(higher), f"{same / len(few):.1%}"]


def _whole_pass(lexicon: Lexicon, frames: int) -> Callable[[LogProbs], float]:
    """A function that walks the whole trie depth first and gives the milliseconds."""
    tables, room = lexicon.tables, make_room(len(lexicon), lexicon.widest, frames)

    def walked(log_probs: LogProbs) -> float:
        y, _ = likelihoods(log_probs, tables)
        rest, _ = bounds(y, tables)
        return timed(lambda: best_words(y, rest, tables, room, lexicon.longest, lexicon.widest, 1, 0.0, 1e-30, 0), 2)[1]

    return walked


def sizes(material: Material) -> Iterator[str]:
    """Times by the size of the lexicon and the number of frames; the compiled file's size and loading time."""
    words = many_words(_SIZES[-1])
    kinds = _lengthened(material)
    rows, files = [], []
    with tempfile.TemporaryDirectory() as folder:
        for count in _SIZES:
            file = Path(folder) / f"{count}.lex"
            compiled, compile_ms = timed(lambda: Lexicon.compile(words[:count], alnum36), 1)  # noqa: B023
            save_lexicon(file, compiled)
            load_lexicon(file)  # compiles the checks
            lexicon, load_ms = timed(lambda: load_lexicon(file))  # noqa: B023
            nodes, size_mb = len(lexicon.tables.skip), file.stat().st_size / 1e6
            files.append([f"{count:,}", f"{nodes:,}", figure(compile_ms / 1e3), figure(size_mb), figure(load_ms)])
            for (frames, content), samples in kinds.items():
                times = times_ms(lexicon.best, samples, f"{count:,} words, {frames} frames, {content}")
                rows.append([f"{count:,}", str(frames), content, f"{len(times):,}", *spread(times)])
    yield f"### Exact search by size of the lexicon and frames, C={alnum36.classes}"
    yield from table(("words", "T", "posteriors", "pictures", *TIMES), rows)
    yield (
        "One word: a picture of at most 26 frames in the middle of its own surest blank. Several words: picture after picture, "
        f"cut off at T, which no word of the lexicon fits. A row ends after {BUDGET_S:.0f} s. Lexicons: English words by "
        "frequency, European ones, then made-up ones."
    )
    yield from table(("words", "trie nodes", "compile s", "file MB", "load ms (file in memory)"), files)


def _lengthened(material: Material) -> dict[tuple[int, str], list[LogProbs]]:
    """Posteriors by number of frames and content."""
    count = material.count
    real = [one.log_probs for name in SETS for one in evenly(material.folded(name), count)]
    order = np.random.default_rng(0).permutation(len(real))
    real = [real[place] for place in order]
    short = [one for one in real if len(one) <= _SHORT][:count]
    kinds = {(frames, "one word"): [padded(one, frames) for one in short] for frames in (_SHORT, *_LONG)}
    for frames in _LONG:
        kinds[frames, "several words"] = [joined(real, place * frames // _SHORT, frames) for place in range(count)]
    return dict(sorted(kinds.items()))
