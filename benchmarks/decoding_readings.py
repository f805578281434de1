"""Tables `delta` and `lines` of `benchmarks/decoding.py`: the paper's trade-off, and readers without a lexicon."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

import numpy as np
from decoding_material import SETS, LogProbs, Material, Sample, english, enlarged, large_alphabet, padded
from decoding_measure import BUDGET_S, TIMES, evenly, figure, spread, table, timed, times_ms, watched
from decoding_peers import flashlight, pybktree_search

from seqrec.alphabet import Alphabet
from seqrec.decoding import greedy
from seqrec.decoding.bktree import BKTree
from seqrec.decoding.decoders import BeamDecoder, Decoder, GreedyDecoder, decode_batch
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.lexicon import Lexicon
from seqrec_scene_text.alphabets import alnum36, ascii95

Decode = Callable[[LogProbs], list[Hypothesis]]

_WORDS = 50_000
_DELTAS = range(6)
_PEER_PICTURES = 50
_FRAMES, _BEAM = 26, 10
_LARGE = 7_000
_LINES = 200
"""At most so many lines of 7,000 symbols: 146 MB."""


def delta(material: Material) -> Iterator[str]:
    """Accuracy and time of the paper's lexicon mode by its radius, beside the exact search and reading without a lexicon."""
    yield f"### The paper's trade-off: accuracy and time by the BK-tree's delta, C={alnum36.classes}, {_WORDS:,} words"
    rows = []
    for name in SETS:
        every = material.folded(name)
        known = dict.fromkeys(chain((one.label for one in every), map(alnum36.reduce, english())))
        lexicon = Lexicon.compile([word for word in known if word][:_WORDS], alnum36)
        rows += _traded(name, lexicon, evenly(every, material.count))
    alone = ("words near, median", "finding these, median ms", "pybktree, median ms")
    yield from table(("set", "search", "pictures", "word accuracy", "no word", "timed", *TIMES, *alone), rows)
    yield (
        "Words: the labels of all pictures of the set, then the most frequent English ones. Times are for the whole way from "
        f"posteriors to a word, of as many pictures as {BUDGET_S:.0f} s allow; the last two columns for the search for the words "
        f"within delta edits of the greedy reading alone, at most {_PEER_PICTURES} pictures, pybktree with rapidfuzz's distance."
    )


def _traded(name: str, lexicon: Lexicon, samples: list[Sample]) -> list[list[str]]:
    """Rows of one data set."""
    tree, search = BKTree(lexicon), pybktree_search(lexicon.texts)
    mixed = [samples[place].log_probs for place in np.random.default_rng(0).permutation(len(samples))]
    read = [greedy(one).ids for one in mixed[:_PEER_PICTURES]]
    texts = [alnum36.text(alnum36.decode(ids)) for ids in read]
    rows = []

    def row(searched: str, decode: Decode, *more: str) -> list[str]:
        found = [decode(one.log_probs) for one in watched(samples, f"{name}, {searched}")]
        words = [alnum36.text(alnum36.decode(one[0].ids)) if one else None for one in found]
        right = sum(word == one.label for word, one in zip(words, samples, strict=True)) / len(samples)
        times = times_ms(decode, mixed, f"{name}, times of {searched}")
        nothing = sum(not one for one in found) / len(samples)
        cells = [name, searched, f"{len(samples):,}", f"{right:.2%}", f"{nothing:.2%}", f"{len(times):,}", *spread(times)]
        return [*cells, *(more or ("", "", ""))]

    for radius in _DELTAS:
        near = [tree.near(ids, radius) for ids in read]
        own = np.median(times_ms(lambda ids: tree.near(ids, radius), read, f"{name}, finding words"))  # noqa: B023
        peer = search
        if not isinstance(search, str):
            _same_words(near, [search(text, radius) for text in texts], lexicon, radius)
            peer = figure(np.median(times_ms(lambda text: search(text, radius), texts, f"{name}, pybktree")))  # noqa: B023
        count = figure(np.median([len(one) for one in near]))
        rows.append(row(f"BK-tree, delta {radius}", partial(tree.best, delta=radius), count, figure(own), str(peer)))
    return [*rows, row("exact", lexicon.best), row("greedy, no lexicon", GreedyDecoder())]


def _same_words(ours: list[list[int]], theirs: list[list[str]], lexicon: Lexicon, radius: int) -> None:
    """Refuse to compare times of different results."""
    for own, other in zip(ours, theirs, strict=True):
        if {lexicon.texts[word] for word in own} != set(other):
            raise RuntimeError(f"pybktree finds {len(other)} words within {radius} edits, ours finds {len(own)}, not the same")


def lines(material: Material) -> Iterator[str]:
    """Lines a second of reading without a lexicon, for a small and a large alphabet."""
    short = [one.log_probs for name in SETS for one in material.real(name) if len(one.log_probs) <= _FRAMES]
    rng = np.random.default_rng(0)
    small = [padded(one, _FRAMES) for one in evenly(short, material.count)]
    large = [enlarged(one, _LARGE + 1, rng) for one in evenly(small, _LINES)]
    rows = []
    for alphabet, samples in ((ascii95, small), (large_alphabet(_LARGE), large)):
        stacked = np.stack(samples, 1)
        for name, decoder in (("greedy with confidence", GreedyDecoder()), (f"beam of {_BEAM}", BeamDecoder(_BEAM))):
            rates = [_rate(decoder, stacked, threads) for threads in (1, 2)]
            rows.append([name, f"{len(alphabet):,}", f"{len(samples):,}", *map(figure, rates)])
        rows.append([f"flashlight, beam of {_BEAM}", f"{len(alphabet):,}", f"{len(samples):,}", *_flashlight(alphabet, samples)])
    yield f"### Lines a second without a lexicon, T={_FRAMES}"
    yield from table(("decoder", "symbols", "lines", "one thread", "two threads"), rows)
    yield (
        f"{len(ascii95)} symbols: real words of at most {_FRAMES} frames. {_LARGE:,} symbols: the same, with each frame's five "
        "most probable symbols at places of their own, all others as improbable as the frame's other ones, lowered to the same "
        "sum. Through `decode_batch`. Flashlight tries every symbol at every frame; its time includes the step into its types."
    )


def _rate(decoder: Decoder, stacked: LogProbs, threads: int) -> float:
    """Lines a second of (T, N, C)."""
    lengths = [len(stacked)] * stacked.shape[1]
    decode_batch(decoder, stacked[:, :1], lengths[:1])
    _, ms = timed(lambda: decode_batch(decoder, stacked, lengths, threads))
    return 1e3 * len(lengths) / ms


def _flashlight(alphabet: Alphabet, samples: list[LogProbs]) -> list[str]:
    """Cells of lines a second."""
    decode = flashlight(alphabet, _BEAM)
    if isinstance(decode, str):
        return [decode, "–"]
    some = evenly(samples, _LINES)
    decode(some[0])
    _, ms = timed(lambda: [decode(one) for one in some])
    return [figure(1e3 * len(some) / ms), "–"]
