"""The syntax of patterns: what it means in alphabets of all kinds, and what is refused and why."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import Alphabet
from seqrec.decoding.expression import Choice, Repeat, Row, Symbols, parse
from seqrec.decoding.pattern import Pattern
from seqrec.errors import GrammarError, SeqrecError

AB = Alphabet("ab", "ab")
LOWER = Alphabet("lower", "0123456789abcdefghijklmnopqrstuvwxyz", canonical={chr(code): chr(code + 32) for code in range(65, 91)})
MIXED = Alphabet("mixed", "aAbB-_.^] <>")
MUSIC = Alphabet(
    "music",
    ["clef-G2", "note-C4_half", "note-C4_quarter", "note-D4_quarter", "rest_quarter", "bar", "|", "<", "note-*[x]"],
    canonical={"Bar": "bar"},
    separator=" ",
)


def one_symbol(expression: str, alphabet: Alphabet) -> list[str]:
    """The symbols that an expression of one symbol matches, in order."""
    automaton = Pattern(expression, alphabet).automaton
    assert len(automaton.final) == 2
    return alphabet.decode(automaton.symbol.tolist())


def message(expression: str, alphabet: Alphabet) -> str:
    with pytest.raises(GrammarError) as error:
        Pattern(expression, alphabet)
    assert isinstance(error.value, SeqrecError)
    return str(error.value)


@pytest.mark.parametrize(
    ("expression", "symbols"),
    [
        ("a", ["a"]),
        ("[ab]", ["a", "b"]),
        (".", list(MIXED.symbols)),
        ("[^a]", list(MIXED.symbols)[1:]),
        ("[a-b]", ["a", "b"]),
        ("[A-a]", ["a", "A", "B", "_", "^", "]"]),
        (r"\.", ["."]),
        (r"\<", ["<"]),
        ("<", ["<"]),
        ("-", ["-"]),
        (" ", [" "]),
        ("[-a]", ["a", "-"]),
        ("[a-]", ["a", "-"]),
        ("[a\\-b]", ["a", "b", "-"]),
        ("[]a]", ["a", "]"]),
        ("[^]a]", ["A", "b", "B", "-", "_", ".", "^", " ", "<", ">"]),
        ("[a^]", ["a", "^"]),
        (r"[\^a]", ["a", "^"]),
        (r"\w", ["a", "A", "b", "B", "_"]),
        (r"\s", [" "]),
        (r"\S", list("aAbB-_.^]<>")),
        (r"[\s\w]", list("aAbB_ ")),
        (r"[^\W_]", list("aAbB")),
        ("(?i)a", ["a", "A"]),
        ("(?i)[^a]", list("bB-_.^] <>")),
        ("(?i)[A-B]", list("aAbB")),
        ("^a$", ["a"]),
        ("a|A$", ["a", "A"]),
        ("(?i)^B$", ["b", "B"]),
    ],
)
def test_one_symbol_is_matched_by_every_way_to_write_it(expression: str, symbols: list[str]) -> None:
    assert sorted(one_symbol(expression, MIXED)) == sorted(symbols)


@pytest.mark.parametrize(
    ("expression", "symbols"),
    [
        ("A", "a"),
        ("[A-C]", "abc"),
        ("[a-cX-Z]", "abcxyz"),
        ("[^A-Z]", "0123456789"),
        ("[!-~]", "".join(LOWER.symbols)),
        (r"\d", "0123456789"),
        (r"\D", "abcdefghijklmnopqrstuvwxyz"),
        ("(?i)Q", "q"),
    ],
)
def test_other_spellings_stand_for_their_symbols(expression: str, symbols: str) -> None:
    assert one_symbol(expression, LOWER) == list(symbols)


@pytest.mark.parametrize(
    ("expression", "symbols"),
    [
        ("<bar>", ["bar"]),
        ("<Bar>", ["bar"]),
        ("<B*>", ["bar"]),
        ("(?i)<NOTE-c4_HALF>", ["note-C4_half"]),
        ("(?i)<*-c?_*>", ["note-C4_half", "note-C4_quarter"]),
        ("<note-C4_quarter>", ["note-C4_quarter"]),
        ("<note-*_quarter>", ["note-C4_quarter", "note-D4_quarter"]),
        ("<note-?4_quarter>", ["note-C4_quarter", "note-D4_quarter"]),
        ("<*_quarter>", ["note-C4_quarter", "note-D4_quarter", "rest_quarter"]),
        ("<*>", list(MUSIC.symbols)),
        ("<?>", ["|", "<"]),
        (r"<note-\*[x]>", ["note-*[x]"]),
        ("<note-?[x]>", ["note-*[x]"]),
        (r"<*-\*\[*>", ["note-*[x]"]),
        ("[<bar><note-*_half>|]", ["note-C4_half", "bar", "|"]),
        ("[^<note-*><*_quarter>]", ["clef-G2", "bar", "|", "<"]),
        (r"\|", ["|"]),
        ("<|>", ["|"]),
        (r"\<", ["<"]),
        (r"[\<]", ["<"]),
        (".", list(MUSIC.symbols)),
        (r"\W", list(MUSIC.symbols)),
    ],
)
def test_symbols_of_several_characters_are_written_by_name(expression: str, symbols: list[str]) -> None:
    assert one_symbol(expression, MUSIC) == symbols


def test_a_staff_is_a_pattern_of_names() -> None:
    staff = Pattern(r"<clef-*>(<note-*>+<bar>){2,}", MUSIC)
    bar = "note-C4_half note-D4_quarter bar"
    assert staff.matches(MUSIC.encode(f"clef-G2 {bar} {bar}"))
    assert not staff.matches(MUSIC.encode(f"clef-G2 {bar}"))
    assert not staff.matches(MUSIC.encode(f"clef-G2 {bar} rest_quarter {bar}"))
    assert staff.shortest == 5


def test_composed_and_decomposed_spellings_are_one() -> None:
    accents = Alphabet("accents", ["e", "\u00e9"])
    assert one_symbol("e\u0301", accents) == one_symbol("\u00e9", accents) == ["\u00e9"]
    angstrom = Alphabet("units", ["\u212b", "m"])  # NFC makes it U+00C5
    assert (
        one_symbol("\u00c5", angstrom) == one_symbol("\u212b", angstrom) == one_symbol("[\u00c0-\u00ff]", angstrom) == ["\u212b"]
    )
    clusters = Alphabet("clusters", [unicodedata.normalize("NFD", "\u00e9"), "e"])
    assert one_symbol("\u00e9", clusters) == ["e\u0301"]


def test_case_is_unicodes() -> None:
    greek = Alphabet("greek", "σςΣßẞ")
    assert one_symbol("(?i)σ", greek) == ["σ", "ς", "Σ"]
    assert one_symbol("(?i)ẞ", greek) == ["ß", "ẞ"]


def test_tree_is_what_is_written() -> None:
    a, b = Symbols(0b10), Symbols(0b100)
    assert parse("a", AB) == a
    assert parse("a{2,}b|[ab]?", AB) == Choice((Row((Repeat(a, 2, None), b)), Repeat(Symbols(0b110), 0, 1)))
    assert parse("(?:a{3}|)(b)", AB) == Row((Choice((Repeat(a, 3, 3), Row(()))), b))
    assert parse("((a{3}|){5})+", AB).size == 20


OUTSIDE = "outside alphabet 'ab' (2 symbols)"
ANYWAY = "the whole sequence is matched anyway: leave it out"
GROUPS = "groups are (…) and (?:…), the only flag is (?i) at the start"
ESCAPES = "there are \\d \\w \\s \\D \\W \\S, and \\ before a character of the syntax"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("a(b", "unbalanced '(' at position 2; close it with ')', or write \\( for the character"),
        ("(a$", "unbalanced '(' at position 1; close it with ')', or write \\( for the character"),
        ("a)b", "unbalanced ')' at position 2; open it with '(', or write \\) for the character"),
        ("a[b", "unbalanced '[' at position 2; close it with ']' (a first one is a character), or write \\[ for it"),
        ("[]", "unbalanced '[' at position 1; close it with ']' (a first one is a character), or write \\[ for it"),
        ("[a-", "unbalanced '[' at position 1; close it with ']' (a first one is a character), or write \\[ for it"),
        ("ab]", "unbalanced ']' at position 3; write \\] for the character"),
        ("ab}", "unbalanced '}' at position 3; write \\} for the character"),
        ("*a", "nothing to repeat before '*' at position 1; write \\* for the character"),
        ("^+", "nothing to repeat before '+' at position 2; write \\+ for the character"),
        ("(|?)", "nothing to repeat before '?' at position 3; write \\? for the character"),
        ("{2}", "nothing to repeat before '{' at position 1; write \\{ for the character"),
        ("a**", "second count '*' at position 3; put what is repeated into a group, (…)"),
        ("a{2}{3}", "second count '{' at position 5; put what is repeated into a group, (…)"),
        ("a++", "second count '+' at position 3; put what is repeated into a group, (…)"),
        ("a???", "second count '?' at position 4; put what is repeated into a group, (…)"),
        ("a{x}", "'{' without a count at position 2; write {m}, {m,} or {m,n}, or \\{ for the character"),
        ("a{,3}", "'{' without a count at position 2; write {m}, {m,} or {m,n}, or \\{ for the character"),
        ("a{2", "'{' without a count at position 2; write {m}, {m,} or {m,n}, or \\{ for the character"),
        ("a{1001}", "count 1001 at position 2; the largest is 1000"),
        ("a{2,1001}", "count 1001 at position 2; the largest is 1000"),
        ("a{" + "9" * 4900 + "}", "count 999999999999 at position 2; the largest is 1000"),
        ("a{3,2}", "bad count '{3,2}' at position 2; write the smaller number first"),
        ("[b-a]", "bad range 'b-a' at position 2; write the lower character first"),
        (r"[\w-b]", "bad range '\\w-b' at position 2; a range goes from character to character; write \\- for a hyphen"),
        (r"[a-\w]", "bad range 'a-\\w' at position 2; a range goes from character to character; write \\- for a hyphen"),
        ("[cd]", f"symbol 'c' (U+0063) {OUTSIDE} at position 2; write its symbols only"),
        ("aÉ", f"symbol 'É' (U+00C9) {OUTSIDE} at position 2; write its symbols only"),
        ("[^ ]", f"symbol ' ' (U+0020) {OUTSIDE} at position 3; write its symbols only"),
        (r"a\.", f"symbol '.' (U+002E) {OUTSIDE} at position 2; write its symbols only"),
        ("<a>", f"symbol '<' (U+003C) {OUTSIDE} at position 1; write its symbols only"),
        ("A", f"symbol 'A' (U+0041) {OUTSIDE} at position 1; begin with (?i) to match either case"),
        ("[A-Z]", "'A-Z', which matches no symbol of alphabet 'ab' (2 symbols), at position 2; leave it out"),
        (r"ab\d?", "'\\d', which matches no symbol of alphabet 'ab' (2 symbols), at position 3; leave it out"),
        ("[^ab]", "class '[^ab]', which matches nothing, at position 1; leave a symbol in it"),
        (r"a|[^\w]", "class '[^\\w]', which matches nothing, at position 3; leave a symbol in it"),
        ("a^", f"'^' within the pattern at position 2; {ANYWAY}, or write \\^ for the character"),
        ("a$b", f"'$' within the pattern at position 2; {ANYWAY}, or write \\$ for the character"),
        ("(a$)", f"'$' within the pattern at position 3; {ANYWAY}, or write \\$ for the character"),
        ("a(?=b)", f"look-ahead '(?=' at position 2; {GROUPS}"),
        ("(?!b)a", f"look-ahead '(?!' at position 1; {GROUPS}"),
        ("a(?<=a)", f"look-behind '(?<' at position 2; {GROUPS}"),
        ("(?P<x>a)", f"named group '(?P' at position 1; {GROUPS}"),
        ("(?>a)", f"atomic group '(?>' at position 1; {GROUPS}"),
        ("(a)(?(1)b)", f"condition '(?(' at position 4; {GROUPS}"),
        ("(?#why)a", f"comment '(?#' at position 1; {GROUPS}"),
        ("a(?i)", f"flag '(?i' at position 2; {GROUPS}"),
        ("(?s)a", f"flag '(?s' at position 1; {GROUPS}"),
        ("[\n-\t]", "bad range '\\n-\\t' at position 2; write the lower character first"),
        ("[^" + "ab" * 30 + "]", f"class '[^{'ab' * 18}a…', which matches nothing, at position 1; leave a symbol in it"),
        ("(?\n)", f"flag '(?\\n' at position 1; {GROUPS}"),
        ("(?", f"flag '(?' at position 1; {GROUPS}"),
        (r"(a)\1", f"back-reference '\\1' at position 4; {ESCAPES}"),
        (r"a\b", f"unknown escape '\\b' at position 2; {ESCAPES}"),
        (r"[\n]", f"unknown escape '\\n' at position 2; {ESCAPES}"),
        ("a\\", "'\\' with nothing after it at position 2; write \\\\ for the character"),
        ("[\\", "'\\' with nothing after it at position 2; write \\\\ for the character"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_place_and_a_cure(expression: str, problem: str) -> None:
    shown = expression if len(expression) <= 80 else expression[:79] + "…"
    assert message(expression, AB) == f"pattern {shown!r}: {problem}"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        (
            "<note-C4_quater>",
            "symbol 'note-C4_quater' outside alphabet 'music' (9 symbols) at position 1; did you mean 'note-C4_quarter'?",
        ),
        (
            "<bar><>",
            "symbol '' outside alphabet 'music' (9 symbols) at position 6; "
            "write one of its symbols, or a wildcard as in <note-*>",
        ),
        ("<bar><tie-*>", "'<tie-*>', which matches no symbol of alphabet 'music' (9 symbols), at position 6; leave it out"),
        ("[<tie?>]", "'<tie?>', which matches no symbol of alphabet 'music' (9 symbols), at position 2; leave it out"),
        (
            f"<{'x' * 50}>",
            f"symbol '{'x' * 39}…' outside alphabet 'music' (9 symbols) at position 1; "
            "write one of its symbols, or a wildcard as in <note-*>",
        ),
        ("<bar", "unbalanced '<' at position 1; close it with '>', or write \\< for the character"),
        (r"<bar\>", "unbalanced '<' at position 1; close it with '>', or write \\< for the character"),
        ("[<bar>-z]", "bad range '<bar>-z' at position 2; a range goes from character to character; write \\- for a hyphen"),
        (
            "<bar> <bar>",
            "symbol ' ' (U+0020) outside alphabet 'music' (9 symbols) at position 6; "
            "write a symbol of several characters as <…>, and nothing between two symbols",
        ),
    ],
)
def test_names_that_are_no_symbols_are_refused(expression: str, problem: str) -> None:
    assert message(expression, MUSIC) == f"pattern {expression!r}: {problem}"


@given(st.text(st.sampled_from("ab(|)[]^-{}0123,?*+\\.dW<>$:i=P A\n")), st.sampled_from([AB, MIXED, MUSIC]))
def test_any_text_is_a_pattern_or_refused_in_one_line(expression: str, alphabet: Alphabet) -> None:
    refused = ""
    try:
        Pattern(expression, alphabet)
    except GrammarError as error:
        refused = str(error)
    assert "\n" not in refused
    assert not refused or refused.startswith("pattern ")


@pytest.mark.parametrize(
    "expression", ["(" * 4000, "(?:" * 1500 + "a" + ")" * 400, "(a|" * 1200, "[" * 5000, "((((((a*)?){2})+)?){3}|" * 30]
)
def test_deep_expressions_raise_no_recursion_error(expression: str) -> None:
    limit = sys.getrecursionlimit()
    assert limit == 1000
    assert message(expression, AB).startswith("pattern '")


def test_groups_nest_to_the_limit() -> None:
    deep = "a"
    for _ in range(50):
        deep = f"({deep}|b)?"
    assert Pattern(deep, AB).shortest == 0
    assert "more than 50 groups within groups at position 51" in message(f"({deep}|b)?", AB)
