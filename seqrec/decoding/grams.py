"""The n-grams of a language model as a trie in flat arrays, and the automaton that they make."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from seqrec.decoding.grammar import FORBIDDEN, Automaton

ROOT = 0
"""Node of the empty n-gram."""
START = 0
"""Stands for `<s>` among the symbols of n-grams; 1..K are the alphabet's, K + 1 stands for `</s>`."""
NEVER = -99 * float(np.log(10))
"""Log-weight of `<s>`, which is never predicted; by the custom of ARPA files."""
_START_NODE = 1  # `<s>` has the smallest symbol of all 1-grams


class Grams(NamedTuple):
    """N-grams, each with its log-weight; what an ARPA file holds.

    Nodes stand by order, then by their prefix, then by their last symbol; the first is the empty n-gram. All K + 2 1-grams are
    there, the prefix of each n-gram is there, and `<s>` stands only first, `</s>` only last.

    Attributes:
        first: Nodes of order k are those from `first[k]` to `first[k + 1]`, (order + 2,), int64.
        prefix: Node without its last symbol, (nodes,), int32.
        symbol: Last symbol, 0..K + 1, (nodes,), int32; -1 for the empty one.
        suffix: Node without its first symbol, or without its first few where that is not there, (nodes,), int32.
        weight: ln p(last symbol | prefix), (nodes,), float32.
        backoff: Log-weight added where a symbol does not follow here, (nodes,), float32; 0 where nothing may follow.
    """

    first: npt.NDArray[np.int64]
    prefix: npt.NDArray[np.int32]
    symbol: npt.NDArray[np.int32]
    suffix: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float32]
    backoff: npt.NDArray[np.float32]

    @property
    def order(self) -> int:
        """Length of the longest n-grams."""
        return len(self.first) - 2

    @property
    def end(self) -> int:
        """What stands for `</s>`: K + 1."""
        return int(self.first[2]) - 2

    def nodes(self, order: int) -> slice:
        """The nodes of one order."""
        return slice(int(self.first[order]), int(self.first[order + 1]))


class Level(NamedTuple):
    """The n-grams of one order, sorted by prefix and then by last symbol.

    Attributes:
        prefix: Place of the prefix in the level before; 0 for 1-grams, (n-grams,), int64.
        symbol: Last symbol, 0..K + 1, (n-grams,), int64.
        weight: ln p(last symbol | prefix), (n-grams,).
        backoff: Log-weight of backing off, 0 where nothing may follow, (n-grams,).
    """

    prefix: npt.NDArray[np.int64]
    symbol: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    backoff: npt.NDArray[np.float64]


def stack(levels: Sequence[Level]) -> Grams:
    """N-grams of all orders, from 1 upwards, as one trie."""
    first = np.cumsum([0, 1, *(len(level.symbol) for level in levels)])
    prefix = np.concatenate([[0], *(level.prefix + start for level, start in zip(levels, first, strict=False))]).astype(np.int32)
    symbol = np.concatenate([[-1], *(level.symbol for level in levels)]).astype(np.int32)
    weight = np.concatenate([[0], *(level.weight for level in levels)]).astype(np.float32)
    backoff = np.concatenate([[0], *(level.backoff for level in levels)]).astype(np.float32)
    return Grams(first, prefix, symbol, _suffixes(first, prefix, symbol), weight, backoff)


def _suffixes(
    first: npt.NDArray[np.int64], prefix: npt.NDArray[np.int32], symbol: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """The field `suffix` of n-grams.

    A suffix of hw is a suffix of h with w behind it, so those of one order are found with those of the order before. Pruned
    models may lack some: the next shorter one is taken then, and every 1-gram is there.
    """
    base = int(first[2])
    keys = prefix[1:].astype(np.int64) * base + symbol[1:]  # ascending, by the order of the nodes
    suffix = np.zeros(len(prefix), np.int32)
    for order in range(2, len(first) - 1):
        nodes = np.arange(first[order], first[order + 1])
        shorter = suffix[prefix[nodes]]
        while len(nodes):
            wanted = shorter.astype(np.int64) * base + symbol[nodes]
            place = np.searchsorted(keys, wanted)  # never beyond the end: the last keys have longer prefixes
            found = keys[place] == wanted
            suffix[nodes[found]] = place[found] + 1
            nodes, shorter = nodes[~found], suffix[shorter[~found]]
    return suffix


def automaton_of(grams: Grams) -> Automaton:
    """The automaton whose states are the contexts of a model; `<s>` is state 0.

    A context is an n-gram that something follows or that has a backoff weight of its own; the others can be passed over
    without a change of any probability. An arc leads to the longest context that its n-gram ends in.
    """
    context = (np.bincount(grams.prefix[1:], minlength=len(grams.prefix)) > 0) | (grams.backoff != 0)
    context[[ROOT, _START_NODE]] = True
    node_of = np.flatnonzero(context)
    node_of[[0, 1]] = _START_NODE, ROOT
    state_of = np.full(len(context), FORBIDDEN, np.int32)
    state_of[node_of] = np.arange(len(node_of))
    for order in range(1, grams.order + 1):  # the longest context that a node ends in
        nodes = grams.nodes(order)
        state_of[nodes] = np.where(context[nodes], state_of[nodes], state_of[grams.suffix[nodes]])
    bearing = np.flatnonzero((grams.symbol > START) & (grams.symbol < grams.end))
    source = state_of[grams.prefix[bearing]]
    bearing = bearing[np.argsort(source, kind="stable")]
    backoff = state_of[grams.suffix[node_of]]
    backoff[1] = FORBIDDEN  # of the empty context
    return Automaton(
        np.concatenate([[0], np.cumsum(np.bincount(source, minlength=len(node_of)))]).astype(np.int64),
        grams.symbol[bearing],
        state_of[bearing],
        grams.weight[bearing],
        _ends(grams)[node_of].astype(np.float32),
        backoff,
        grams.backoff[node_of],
    )


def _ends(grams: Grams) -> npt.NDArray[np.float64]:
    """Log-weight of `</s>` behind each n-gram, by backing off where it never followed, (nodes,)."""
    ends = np.full(len(grams.prefix), np.nan)
    closing = np.flatnonzero(grams.symbol == grams.end)
    ends[grams.prefix[closing]] = grams.weight[closing]
    for order in range(1, grams.order + 1):
        nodes = grams.nodes(order)
        shorter = grams.backoff[nodes] + ends[grams.suffix[nodes]]
        ends[nodes] = np.where(np.isnan(ends[nodes]), shorter, ends[nodes])
    return ends
