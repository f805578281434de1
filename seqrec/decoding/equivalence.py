"""Which states of a deterministic automaton are one and the same."""

from collections import defaultdict
from collections.abc import Mapping, Sequence


def equivalent_states(arcs: Sequence[Mapping[int, int]], accepting: Sequence[bool]) -> list[int]:
    """A number for each state, the same for two states exactly where the same sequences lead from both to acceptance.

    Blocks of states are split by where their arcs lead, until nothing changes. The largest part keeps its block's number, so that
    only states before the smaller parts need be looked at again, each at most log2(states) times for each of its arcs.

    Args:
        arcs: For each state, symbol → next state, the symbols in ascending order. Acceptance can be reached from every state.
        accepting: For each state, whether a sequence may end there.

    Source:
        Hopcroft 1971, "An n log n algorithm for minimizing states in a finite automaton"; here a block is split by all arcs of
        its states at once, and arcs may be missing.

    Example:
        >>> equivalent_states([{1: 1, 2: 2}, {1: 3}, {1: 3}, {}], [False, False, False, True])
        [0, 1, 1, 2]
    """
    before: list[list[int]] = [[] for _ in arcs]
    numbers: dict[tuple[bool, tuple[int, ...]], int] = {}
    block: list[int] = []
    members: list[set[int]] = []
    for state, leaving in enumerate(arcs):
        for target in leaving.values():
            before[target].append(state)
        block.append(numbers.setdefault((accepting[state], tuple(leaving)), len(numbers)))
        if block[state] == len(members):
            members.append(set())
        members[block[state]].add(state)
    unsure = set(range(len(arcs)))
    while unsure:
        split: defaultdict[int, defaultdict[tuple[int, ...], list[int]]] = defaultdict(lambda: defaultdict(list))
        for state in unsure:
            split[block[state]][tuple([block[target] for target in arcs[state].values()])].append(state)
        moved: list[int] = []
        for number, parts in split.items():
            for part in _all_but_largest(members[number], list(parts.values())):
                members[number].difference_update(part)
                members.append(set(part))
                for state in part:
                    block[state] = len(members) - 1
                moved += part
        unsure = {state for target in moved for state in before[target]}
    return block


def _all_but_largest(whole: set[int], parts: list[list[int]]) -> list[list[int]]:
    """The parts of a block without the largest; states in none of them lead where they led and are one more part."""
    others = len(whole) - sum(map(len, parts))
    largest = max(parts, key=len)
    if others >= len(largest):
        return parts
    rest = [list(whole.difference(*parts))] if others else []
    return rest + [part for part in parts if part is not largest]
