"""Tries against the spellings that they are made of."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqrec.decoding.trie import Trie, build_trie, padded, parents, subtree_maximum, trie_automaton
from tests.decoding.conftest import sequences

Spelling = tuple[int, ...]
Spellings = st.sets(st.lists(st.integers(1, 3), max_size=5).map(tuple), min_size=1, max_size=25).map(sorted)


def trie_of(spellings: list[Spelling]) -> Trie:
    """The trie of sorted spellings."""
    return build_trie(padded(spellings))


def children(trie: Trie, node: int) -> list[int]:
    """As `Trie` says that they are found."""
    found, child = [], node + 1
    while child < trie.skip[node]:
        found.append(child)
        child = int(trie.skip[child])
    return found


def prefixes(trie: Trie) -> list[Spelling]:
    """Symbols on the way to each node, by following the children."""
    known: dict[int, Spelling] = {0: ()}
    waiting = [0]
    while waiting:
        node = waiting.pop()
        for child in children(trie, node):
            known[child] = (*known[node], int(trie.symbol[child]))
            waiting.append(child)
    assert sorted(known) == list(range(len(trie.skip)))  # every node is somebody's child, once
    return [known[node] for node in range(len(trie.skip))]


@given(Spellings)
@example([()])
@example([(), (1,), (1, 1), (1, 1, 1)])
def test_walking_the_trie_gives_each_spelling_its_number(spellings: list[Spelling]) -> None:
    trie = trie_of(spellings)
    found = {int(number): ids for number, ids in zip(trie.spelling, prefixes(trie), strict=True) if number >= 0}
    assert found == dict(enumerate(spellings))


@given(Spellings)
def test_nodes_are_the_prefixes_each_once_in_the_order_of_a_dictionary(spellings: list[Spelling]) -> None:
    trie = trie_of(spellings)
    expected = sorted({ids[:length] for ids in spellings for length in range(len(ids) + 1)})
    assert prefixes(trie) == expected
    assert trie.depth.tolist() == [len(prefix) for prefix in expected]
    assert trie.symbol[0] == 0


@given(Spellings)
def test_skip_leads_behind_all_that_starts_with_the_prefix(spellings: list[Spelling]) -> None:
    trie = trie_of(spellings)
    every = prefixes(trie)
    for node, prefix in enumerate(every):
        below = [other for other, longer in enumerate(every) if longer[: len(prefix)] == prefix]
        assert below == list(range(node, trie.skip[node]))


@given(Spellings)
def test_parent_is_the_prefix_less_its_last_symbol(spellings: list[Spelling]) -> None:
    trie = trie_of(spellings)
    every = prefixes(trie)
    assert [every[above] for above in parents(trie)] == [prefix[:-1] for prefix in every[1:]]


@given(Spellings, st.integers(0, 10**6))
def test_subtree_maximum_is_the_largest_value_of_the_spellings_that_start_so(spellings: list[Spelling], seed: int) -> None:
    trie = trie_of(spellings)
    values = np.random.default_rng(seed).random(len(spellings))
    expected = [
        max(value for value, ids in zip(values, spellings, strict=True) if ids[: len(prefix)] == prefix)
        for prefix in prefixes(trie)
    ]
    assert subtree_maximum(trie, values).tolist() == expected


@given(Spellings, st.integers(0, 10**6))
def test_automaton_accepts_the_spellings_and_nothing_else(spellings: list[Spelling], seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=len(spellings)).astype(np.float32)
    automaton = trie_automaton(trie_of(spellings), weights)
    known = dict(zip(spellings, weights.tolist(), strict=True))
    for ids in sequences(3, 6):
        assert automaton.log_weight(ids) == pytest.approx(known.get(ids, -np.inf))


@given(Spellings)
def test_padded_rows_hold_the_spellings_and_then_zeros(spellings: list[Spelling]) -> None:
    rows = padded(spellings)
    longest = max(map(len, spellings))
    assert rows.tolist() == [[*ids, *[0] * (longest - len(ids))] for ids in spellings]


def test_one_long_spelling_of_high_ids_is_a_chain() -> None:
    chain = tuple(range(60_000, 61_000))
    trie = trie_of([chain])
    assert prefixes(trie)[-1] == chain
    assert trie.skip.tolist() == [len(chain) + 1] * (len(chain) + 1)
