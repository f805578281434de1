"""Patterns: the language is the one that Python's expressions have, and the automaton is the smallest one for it."""

import pickle
import re
import time
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqrec.alphabet import BLANK, Alphabet
from seqrec.decoding.grammar import FORBIDDEN, Automaton
from seqrec.decoding.pattern import Pattern
from seqrec.errors import GrammarError

TWO = Alphabet("two", "ab")
SMALL = Alphabet("small", "aA1")
ASCII = Alphabet("ascii", [chr(code) for code in range(32, 127)])
COUNTS = ["", "?", "*", "+", "{0}", "{2}", "{1,}", "{0,2}", "{2,3}", "*?", "{1,2}?"]


def expressions(literals: str, more: tuple[str, ...] = (), within: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Expressions of the syntax that we share with Python.

    Args:
        literals: Characters that stand for themselves.
        more: What else matches one symbol.
        within: What else stands in a class.
    """
    sets = st.lists(st.sampled_from([*literals, *within]), min_size=1, max_size=3).map("".join)
    classes = st.builds("[{}{}]".format, st.sampled_from(["", "^"]), sets)
    singles = st.sampled_from([*literals, ".", *more]) | classes
    counts = st.sampled_from(COUNTS)
    groups = st.sampled_from(["({}){}", "(?:{}){}"])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        inside = st.lists(inner, max_size=3).map("".join) | st.lists(inner, min_size=2, max_size=3).map("|".join)
        return st.builds(str.format, groups, inside, counts)

    parts = st.recursive(st.builds("{}{}".format, singles, counts), grown, max_leaves=3)
    rows = st.lists(parts, min_size=1, max_size=3).map("".join)
    return st.lists(rows, min_size=1, max_size=2).map("|".join)


def compiled(expression: str, alphabet: Alphabet) -> Pattern:
    """The pattern; examples that we refuse on purpose and Python does not are left out."""
    try:
        return Pattern(expression, alphabet)
    except GrammarError as error:
        assume(not re.search("matches nothing|matches no symbol|matches only the empty", str(error)))
        raise


def strings(alphabet: Alphabet, length: int) -> Iterator[str]:
    """All strings of at most `length` symbols."""
    for size in range(length + 1):
        yield from map("".join, product(alphabet.symbols, repeat=size))


def language(automaton: Automaton, alphabet: Alphabet, length: int) -> set[str]:
    """The strings of at most `length` symbols that lead to acceptance, by walking the tables."""
    found, here = set[str](), [("", 0)]
    for _ in range(length + 1):
        found |= {string for string, state in here if automaton.final[state] == 0}
        arcs = [range(low, high) for low, high in zip(automaton.first, automaton.first[1:], strict=False)]
        symbols = [alphabet.symbols[symbol - 1] for symbol in automaton.symbol.tolist()]
        targets = automaton.next.tolist()
        here = [(string + symbols[arc], targets[arc]) for string, state in here for arc in arcs[state]]
    return found


def assert_same_tables(one: Automaton, other: Automaton) -> None:
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


small_expressions = expressions(
    "aA1",
    more=(r"\d", r"\w", r"\D", r"\W"),
    within=(r"\d", r"\w", r"\D", "a-z", "0-a", " -~"),
)


@settings(max_examples=80)
@given(small_expressions, st.sampled_from(["", "(?i)"]))
def test_language_is_exactly_pythons(expression: str, flag: str) -> None:
    pattern = compiled(flag + expression, SMALL)
    reference = re.compile(flag + expression)
    expected = {string for string in strings(SMALL, 6) if reference.fullmatch(string)}
    assert language(pattern.automaton, SMALL, 6) == expected
    if expected:
        assert pattern.shortest == min(map(len, expected))
    else:
        assert pattern.shortest > 6


ascii_expressions = expressions(
    "abAB01_ -"[:-1],
    more=(r"\.", r"\-", r"\[", r"\\", "-", "<", ">", ",", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S"),
    within=(".", "*", "(", ")", "$", r"\]", r"\-", r"\\", "+-9", "A-Z", "a-b", "<", r"\d", r"\w", r"\s", r"\S"),
)


@settings(max_examples=50)
@given(ascii_expressions, st.booleans(), st.sampled_from(["", "(?i)"]), st.data())
def test_strings_match_where_pythons_expressions_do(expression: str, anchors: bool, flag: str, data: st.DataObject) -> None:
    whole = f"{flag}^{expression}$" if anchors and "|" not in expression else flag + expression
    pattern = compiled(whole, ASCII)
    reference = re.compile(whole)
    near = st.from_regex(reference, fullmatch=True, alphabet=st.characters(min_codepoint=32, max_codepoint=126))
    string = data.draw((near | st.text(st.sampled_from("abAB01_ -.<]\\"), max_size=8)).filter(lambda text: "\n" not in text))
    assert pattern.matches(ASCII.encode(string)) == bool(reference.fullmatch(string))


@settings(max_examples=40)
@given(expressions("ab"))
def test_there_are_as_many_states_as_ways_to_go_on(expression: str) -> None:
    """Myhill and Nerode: two beginnings share a state exactly where the same endings complete both."""
    automaton = compiled(expression, TWO).automaton
    states = len(automaton.final)
    assume(states <= 5)  # then 4 symbols reach every state, and tell any two or a dead end apart
    matching = language(automaton, TWO, 8)
    endings = list(strings(TWO, 4))
    ways = {tuple(begun + ending in matching for ending in endings) for begun in strings(TWO, 4)}
    assert states == len(ways - {(False,) * len(endings)})


@settings(max_examples=50)
@given(small_expressions)
def test_tables_are_those_of_an_unweighted_automaton_without_dead_states(expression: str) -> None:
    automaton = compiled(expression, SMALL).automaton
    states = len(automaton.final)
    assert automaton.first[0] == 0
    assert automaton.first[-1] == len(automaton.symbol) == len(automaton.next)
    for low, high in zip(automaton.first, automaton.first[1:], strict=False):
        assert (np.diff(automaton.symbol[low:high]) > 0).all()
    assert BLANK not in automaton.symbol
    assert set(automaton.final.tolist()) <= {0.0, -np.inf}
    assert not automaton.weight.any()
    assert not automaton.backoff_weight.any()
    assert (automaton.backoff == FORBIDDEN).all()
    assert [table.dtype for table in automaton] == [np.int64, np.int32, np.int32, np.float32, np.float32, np.int32, np.float32]
    leaving = [set(automaton.next[low:high].tolist()) for low, high in zip(automaton.first, automaton.first[1:], strict=False)]
    reached, alive = {0}, {state for state in range(states) if automaton.final[state] == 0}
    for _ in range(states):
        reached |= {to for state in reached for to in leaving[state]}
        alive |= {state for state in range(states) if leaving[state] & alive}
    assert reached == alive == set(range(states))


@settings(max_examples=40)
@given(small_expressions)
def test_expressions_of_one_language_have_equal_tables(expression: str) -> None:
    one = compiled(expression, SMALL)
    assert_same_tables(one.automaton, Pattern(f"({expression}|(?:{expression}))", SMALL).automaton)
    twice, written_out = f"({expression}){{1,2}}", f"({expression})({expression})|({expression})"
    assert_same_tables(Pattern(twice, SMALL).automaton, Pattern(written_out, SMALL).automaton)
    again, unrolled = f"({expression})+", f"({expression})({expression})*"
    assert_same_tables(Pattern(again, SMALL).automaton, Pattern(unrolled, SMALL).automaton)


@pytest.mark.parametrize(
    ("one", "other", "states"),
    [
        ("a|A", "[aA]", 2),
        ("(a*)*", "(a|a)*", 1),
        ("(a|1)*a(a|1){3}", "[a1]*a[a1]{2}[1a]", 16),
        ("aa1|Aa1|1a1", ".a1", 4),
        ("(a?){7}", "a{0,7}", 8),
        ("(?i)A", "a|A", 2),
        ("a{3,}", "aaaa*", 4),
        ("(|a)1", "1|a1", 3),
    ],
)
def test_smallest_automaton_of_known_languages(one: str, other: str, states: int) -> None:
    assert_same_tables(Pattern(one, SMALL).automaton, Pattern(other, SMALL).automaton)
    assert len(Pattern(one, SMALL).automaton.final) == states


@settings(max_examples=40)
@given(expressions("ab", within=("ab",)))
def test_names_of_symbols_are_as_good_as_characters(expression: str) -> None:
    named = Alphabet("named", ["note-a*", "b>c"], separator=" ")
    with_names = expression.replace("a", "<note-a\\*>").replace("b", "<b\\>c>")
    assert_same_tables(compiled(expression, TWO).automaton, Pattern(with_names, named).automaton)


def test_plate_pattern_reads_plates_only() -> None:
    plate = Pattern("[A-Z]{2}[0-9]{2} ?[A-Z]{3}", ASCII)
    for text, expected in [("AB12 CDE", True), ("AB12CDE", True), ("AB12  CDE", False), ("ab12 CDE", False), ("", False)]:
        assert plate.matches(ASCII.encode(text)) is expected
    assert plate.shortest == 7
    assert len(plate.automaton.final) == 9
    assert len(plate.automaton.symbol) == 2 * 26 + 2 * 10 + 27 + 3 * 26


def test_ids_outside_the_alphabet_match_nothing() -> None:
    anything = Pattern(".+", TWO)
    assert anything.matches([1, 2])
    assert anything.matches(np.array([2, 1], np.int32))  # type: ignore[arg-type]
    assert not anything.matches([BLANK])
    assert not anything.matches([3])
    assert not anything.matches([-1])


def test_patterns_are_values() -> None:
    one = Pattern("a+b", TWO)
    assert one == Pattern("a+b", TWO)
    assert hash(one) == hash(Pattern("a+b", TWO))
    assert one != Pattern("a+", TWO)
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert_same_tables(again.automaton, one.automaton)
    with pytest.raises(AttributeError):
        one.expression = "b"  # type: ignore[misc]


@pytest.mark.parametrize("expression", ["", "^$", "()", "(?:|)", "a{0}", "(?i)", "(a{0}|)*"])
def test_pattern_of_nothing_but_the_empty_sequence_is_refused(expression: str) -> None:
    with pytest.raises(GrammarError) as error:
        Pattern(expression, TWO)
    assert str(error.value) == f"pattern {expression!r}: matches only the empty sequence; write what may be read"


def test_pattern_may_match_the_empty_sequence_among_others() -> None:
    assert Pattern("a*", TWO).shortest == 0
    assert Pattern("a*", TWO).matches([])


TOO_LARGE = "; make its counts smaller, or leave fewer ways to match one sequence"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("(a|b)*a(a|b){30}", "needs more than 50000 states" + TOO_LARGE),
        (".*a.{999}", "needs more than 50000 states" + TOO_LARGE),
        ("((a?){100}){100}", "needs more than 2000000 steps to compile" + TOO_LARGE),
        ("(.{0,999}b){9}", "needs more than 2000000 steps to compile" + TOO_LARGE),
        ("((a{99}){99}){99}", "970299 symbols, all counts written out, at position 14; at most 10000 are compiled"),
        ("((((a*){999}){999}){999})", "998001 symbols, all counts written out, at position 14; at most 10000 are compiled"),
        ("((((){999}){999}){999}){999}", "998001 symbols, all counts written out, at position 12; at most 10000 are compiled"),
        ("a{1000}" * 11, "11000 symbols, all counts written out, at position 1; at most 10000 are compiled"),
        ("a|" * 2500 + "b", "5001 characters; at most 5000 are read (a long list of words is a lexicon)"),
        ("(" * 60 + "a" + ")" * 60, "more than 50 groups within groups at position 51; write the expression flatter"),
    ],
)
def test_hostile_patterns_are_refused_soon(expression: str, problem: str) -> None:
    begun = time.process_time()
    with pytest.raises(GrammarError) as error:
        Pattern(expression, TWO)
    assert str(error.value).endswith(f": {problem}")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
    assert time.process_time() - begun < 10  # about 1 s on one core of 2023


def test_arcs_are_limited_in_large_alphabets() -> None:
    large = Alphabet("large", [chr(0x4E00 + number) for number in range(7000)])
    assert len(Pattern(".{100}", large).automaton.symbol) == 700_000
    with pytest.raises(GrammarError, match=r"^pattern '\.\{1000\}\.\{1000\}': needs more than 10000000 arcs; make"):
        Pattern(".{1000}.{1000}", large)


@pytest.mark.parametrize(
    ("expression", "states"),
    [
        ("(((((a+)+)+)+)+)+b", 3),
        ("(a?){1000}", 1001),
        (".*" * 500, 1),
        ("(a{999}){9}", 8_992),
        ("(" * 50 + "a" + ")*" * 50, 1),
    ],
)
def test_patterns_that_hang_other_engines_compile(expression: str, states: int) -> None:
    begun = time.process_time()
    assert len(Pattern(expression, TWO).automaton.final) == states
    assert time.process_time() - begun < 10


def test_plate_pattern_compiles_in_milliseconds() -> None:
    durations = []
    for _ in range(10):
        begun = time.process_time()
        Pattern("[A-Z]{2}[0-9]{2} ?[A-Z]{3}", ASCII)
        durations.append(time.process_time() - begun)
    assert min(durations) < 0.02  # about 1 ms on one core of 2023
