"""Spellings as a trie in flat tables."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.decoding.grammar import FORBIDDEN, Automaton

Int32s = npt.NDArray[np.int32]


class Trie(NamedTuple):
    """A trie whose nodes are numbered in the order of a depth-first walk, so that a walk goes through memory in order.

    The children of node k are `k + 1`, `skip[k + 1]`, `skip[skip[k + 1]]`, … as long as these are below `skip[k]`.

    Attributes:
        skip: The first node behind the subtree of each node, (nodes,), int32.
        depth: Symbols on the way from the root, node 0, (nodes,), int32.
        symbol: Id 1..K on the way into each node, ascending among siblings; 0 for the root, (nodes,), int32.
        spelling: Number of the spelling that ends in each node, -1 for none, (nodes,), int32.
    """

    skip: Int32s
    depth: Int32s
    symbol: Int32s
    spelling: Int32s


def padded(spellings: Sequence[Sequence[int]]) -> Int32s:
    """Id sequences as rows padded with 0, (spellings, longest)."""
    lengths = np.array([len(ids) for ids in spellings], np.int64)
    rows = np.zeros((len(spellings), int(lengths.max(initial=0))), np.int32)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = np.fromiter((one for ids in spellings for one in ids), np.int32)
    return rows


@njit(cache=True)
def build_trie(rows: Int32s) -> Trie:
    """Trie of spellings.

    Args:
        rows: Ids padded with 0, (spellings, longest), in ascending order and each row once (`numpy.unique(rows, axis=0)`).
    """
    count, longest = rows.shape
    size = 1 + np.count_nonzero(rows)
    depth, symbol, spelling = np.zeros(size, np.int32), np.zeros(size, np.int32), np.full(size, -1, np.int32)
    nodes = 1
    for row in range(count):
        common = 0
        if row:
            while common < longest and rows[row, common] == rows[row - 1, common] and rows[row, common]:
                common += 1
        while common < longest and rows[row, common]:
            symbol[nodes], depth[nodes] = rows[row, common], common + 1
            common += 1
            nodes += 1
        spelling[nodes - 1] = row
    depth, symbol, spelling = depth[:nodes].copy(), symbol[:nodes].copy(), spelling[:nodes].copy()
    skip = np.empty(nodes, np.int32)
    after = np.full(longest + 1, nodes, np.int32)  # for each depth, the next node that is no deeper
    for node in range(nodes - 1, -1, -1):
        skip[node] = after[depth[node]]
        after[depth[node] :] = node
    return Trie(skip, depth, symbol, spelling)


@njit(cache=True)
def subtree_maximum(trie: Trie, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """For each node the largest value of the spellings at or below it, (nodes,); 0 where there is none.

    Args:
        trie: The trie.
        values: One for each spelling, (spellings,), at least 0.
    """
    largest = np.zeros(len(trie.skip))
    for node in range(len(trie.skip) - 1, -1, -1):
        if trie.spelling[node] >= 0:
            largest[node] = values[trie.spelling[node]]
        child = node + 1
        while child < trie.skip[node]:
            largest[node] = max(largest[node], largest[child])
            child = trie.skip[child]
    return largest


def parents(trie: Trie) -> npt.NDArray[np.int64]:
    """Parent of each node but the root, (nodes - 1,)."""
    return np.asarray(_parents(trie.depth))


@njit(cache=True)
def _parents(depth: Int32s) -> npt.NDArray[np.int64]:
    above, latest = np.empty(len(depth) - 1, np.int64), np.zeros(depth.max() + 1, np.int64)
    for node in range(1, len(depth)):
        above[node - 1] = latest[depth[node] - 1]
        latest[depth[node]] = node
    return above


def trie_automaton(trie: Trie, log_weights: npt.NDArray[np.float32]) -> Automaton:
    """The trie as a grammar for a beam search.

    Args:
        trie: The trie.
        log_weights: Of each spelling, (spellings,), added where it ends.
    """
    above = parents(trie)
    order = np.argsort(above, kind="stable")
    nodes = len(trie.skip)
    final = np.where(trie.spelling >= 0, log_weights[trie.spelling], -np.inf).astype(np.float32)
    return Automaton(
        np.concatenate([[0], np.cumsum(np.bincount(above, minlength=nodes))]).astype(np.int64),
        trie.symbol[1:][order],
        (order + 1).astype(np.int32),
        np.zeros(nodes - 1, np.float32),
        final,
        np.full(nodes, FORBIDDEN, np.int32),
        np.zeros(nodes, np.float32),
    )
