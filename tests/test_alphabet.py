"""Alphabets: what goes in comes out, and what is refused says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import BLANK, Alphabet, fold_map, frames_needed
from seqrec.errors import AlphabetError

pieces = st.text(st.characters(codec="utf-8", exclude_characters=" "), min_size=1, max_size=4)
names = st.text(max_size=5)


@st.composite
def alphabets(draw: st.DrawFn, separator: str | None = None) -> Alphabet:
    """Alphabets with symbols of any length, with a separator or without, and other spellings of some."""
    apart = draw(st.sampled_from(["", " "])) if separator is None else separator
    symbols = draw(st.lists(pieces, min_size=1, max_size=12, unique=True))
    others = draw(st.lists(pieces.filter(lambda piece: piece not in symbols), max_size=4, unique=True))
    canonical = {other: draw(st.sampled_from(symbols)) for other in others}
    return Alphabet(draw(names), symbols, canonical, apart, draw(names))


@given(alphabets(), st.data())
def test_ids_come_back_from_the_symbols_that_they_decode_to(alphabet: Alphabet, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(1, len(alphabet))))
    symbols = alphabet.decode(ids)
    assert alphabet.encode(symbols) == ids
    assert BLANK not in ids


@given(alphabets(separator=" "), st.data())
def test_label_with_separators_comes_back_whatever_its_symbols(alphabet: Alphabet, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(1, len(alphabet))))
    assert alphabet.encode(alphabet.text(alphabet.decode(ids))) == ids


@given(st.lists(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, unique=True), st.data())
def test_label_of_single_characters_comes_back_without_separators(symbols: list[str], data: st.DataObject) -> None:
    alphabet = Alphabet("ascii", symbols)
    label = data.draw(st.text(st.sampled_from(symbols)))
    assert alphabet.text(alphabet.decode(alphabet.encode(label))) == label


@given(alphabets(), st.text(max_size=20))
def test_splitting_drops_nothing(alphabet: Alphabet, label: str) -> None:
    import unicodedata

    found = alphabet.split(label)
    if alphabet.separator:
        assert found == [piece for piece in label.split(alphabet.separator) if piece]
    else:
        assert "".join(found) == unicodedata.normalize("NFC", label)


@given(alphabets(), st.text(max_size=20))
def test_label_is_encoded_exactly_where_nothing_in_it_is_unknown(alphabet: Alphabet, label: str) -> None:
    if alphabet.unknown(label):
        with pytest.raises(AlphabetError, match=r"is not in alphabet"):
            alphabet.encode(label)
    else:
        assert all(1 <= number <= len(alphabet) for number in alphabet.encode(label))


@given(alphabets())
def test_json_gives_an_equal_alphabet(alphabet: Alphabet) -> None:
    again = Alphabet.from_json(alphabet.to_json())
    assert again == alphabet
    assert hash(again) == hash(alphabet)
    assert "\n" not in alphabet.to_json()


@given(st.lists(st.sampled_from("abcABC!?"), min_size=1, unique=True), st.text("abcABC!?é", max_size=20))
def test_what_is_reduced_needs_no_more_reducing(symbols: list[str], label: str) -> None:
    alphabet = Alphabet("some", symbols, canonical={symbol.swapcase(): symbol for symbol in symbols})
    reduced = alphabet.reduce(label)
    assert not alphabet.unknown(reduced)
    assert alphabet.reduce(reduced) == reduced
    assert alphabet.encode(reduced) == [alphabet.encode(piece)[0] for piece in label if piece in alphabet]


@given(st.lists(st.integers(1, 3), max_size=8))
def test_frames_needed_is_the_shortest_path_that_spells_the_target(ids: list[int]) -> None:
    path: list[int] = []
    for number in ids:
        path += [BLANK, number] if path and path[-1] == number else [number]
    assert frames_needed(ids) == len(path)


def test_longest_symbol_is_taken_first_from_the_left() -> None:
    alphabet = Alphabet("syllables", ["a", "ab", "abc", "b", "c"])
    assert alphabet.split("abcab") == ["abc", "ab"]
    assert alphabet.split("abxb") == ["ab", "x", "b"]
    assert alphabet.encode("aab") == [1, 2]


def test_other_spellings_are_read_as_their_symbol_and_longest_first_too() -> None:
    alphabet = Alphabet("ae", ["a", "e", "ä"], canonical={"ae": "ä", "A": "a"})
    assert alphabet.encode("Aaee") == [1, 3, 2]
    assert "ae" in alphabet
    assert alphabet.id_of("ae") == 3
    assert alphabet.id_of("x") is None


def test_symbol_wins_over_another_spelling() -> None:
    assert Alphabet("ab", ["a", "b"], canonical={"a": "b"}).encode("a") == [1]


def test_composed_and_decomposed_letters_are_one() -> None:
    assert Alphabet("accents", ["é", "e"]).encode("e\u0301") == [1]


def test_symbol_that_unicode_composes_otherwise_is_still_found() -> None:
    angstrom = "\u212b"  # composes to U+00C5
    alphabet = Alphabet("units", [angstrom, "m"])
    assert alphabet.encode(f"m{angstrom}") == alphabet.encode("m\u00c5") == [2, 1]


def test_separators_at_the_ends_and_doubled_are_no_symbols() -> None:
    alphabet = Alphabet("music", ["note-C4", "rest"], separator=" ")
    assert alphabet.encode("  note-C4  rest ") == [1, 2]
    assert alphabet.encode("") == []


def test_reduce_leaves_out_what_is_not_in_the_alphabet() -> None:
    alphabet = Alphabet("lower", "abc", canonical={"A": "a"})
    assert alphabet.reduce("A-b!c é") == "abc"


@pytest.mark.parametrize(
    ("alphabet", "label", "message"),
    [
        (Alphabet("abc", "acf"), "café", "symbol 'é' (U+00E9) at position 4 of 'café' is not in alphabet 'abc' (3 symbols)"),
        (
            Alphabet("music", ["rest"], separator=" "),
            "rest note-C9",
            "symbol 'note-C9' at position 2 of 'rest note-C9' is not in alphabet 'music' (1 symbols)",
        ),
        (Alphabet("abc", "abc"), ["a", "xy"], "symbol 'xy' at position 2 of 'axy' is not in alphabet 'abc' (3 symbols)"),
    ],
)
def test_unknown_symbol_is_named_with_its_place(alphabet: Alphabet, label: str | list[str], message: str) -> None:
    with pytest.raises(AlphabetError) as caught:
        alphabet.encode(label)
    assert str(caught.value) == message


@pytest.mark.parametrize("number", [0, 4, -1])
def test_blank_and_ids_beyond_the_last_are_no_symbols(number: int) -> None:
    with pytest.raises(AlphabetError) as caught:
        Alphabet("abc", "abc").decode([1, number])
    assert str(caught.value) == f"id {number} is no symbol of alphabet 'abc'; ids are 1..3"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"symbols": []}, "alphabet 'x' has no symbols; give at least one"),
        ({"symbols": ["a", ""]}, "alphabet 'x': '' is no symbol; a symbol is a non-empty string"),
        ({"symbols": ["a", 5]}, "alphabet 'x': 5 is no symbol; a symbol is a non-empty string"),
        ({"symbols": "aba"}, "alphabet 'x': symbol 'a' stands there twice; list each once"),
        ({"symbols": ["a b"], "separator": " "}, "alphabet 'x': symbol 'a b' holds the separator ' '"),
        (
            {"symbols": "ab", "canonical": {"A": "c"}},
            "alphabet 'x': 'A' is another spelling of 'c', which is no symbol of it",
        ),
    ],
)
def test_alphabet_that_contradicts_itself_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(AlphabetError) as caught:
        Alphabet("x", **fields)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"name": "x"}', '{"name": "x", "symbols": ["a"], "more": 1}', "5"])
def test_what_is_no_alphabet_in_json_is_refused(text: str) -> None:
    with pytest.raises(AlphabetError, match="no alphabet: .*; expected the JSON that Alphabet.to_json writes"):
        Alphabet.from_json(text)


def test_classes_are_the_symbols_and_the_blank() -> None:
    alphabet = Alphabet("abc", "abc")
    assert (len(alphabet), alphabet.classes, BLANK) == (3, 4, 0)


def test_fold_map_sends_case_to_its_letter_and_the_rest_to_the_blank() -> None:
    large, small = Alphabet("large", "aAb!"), Alphabet("small", "ba", canonical={"A": "a"})
    assert fold_map(large, small) == [BLANK, 2, 2, 1, BLANK]


@given(alphabets())
def test_fold_to_itself_moves_nothing(alphabet: Alphabet) -> None:
    assert fold_map(alphabet, alphabet) == list(range(alphabet.classes))


@given(alphabets(), alphabets())
def test_fold_map_agrees_with_reduce_symbol_by_symbol(source: Alphabet, target: Alphabet) -> None:
    mapping = fold_map(source, target)
    assert len(mapping) == source.classes
    for symbol, number in zip(source.symbols, mapping[1:], strict=True):
        assert (number != BLANK) == (symbol in target)
        if number != BLANK:
            assert target.encode([symbol]) == [number]


def test_parts_survive_json_and_default_to_the_symbol_itself() -> None:
    alphabet = Alphabet("notes", ["bar", "C4"], parts={"C4": ["note", "C"]})
    again = Alphabet.from_json(alphabet.to_json())
    assert again == alphabet
    assert [again.parts_of(symbol) for symbol in again.symbols] == [("bar",), ("note", "C")]
    assert "parts" not in Alphabet("ab", "ab").to_json()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"a": ("x", "y"), "b": ("y", "x")}, "'a' and 'b' have the same parts \\(x, y\\)"),
        ({"a": ("b",)}, "'a' and 'b' have the same parts"),
        ({"c": ("x",)}, "'c' has parts and is no symbol"),
        ({"a": ()}, "'a' has no part, or an empty one"),
        ({"a": ("",)}, "'a' has no part, or an empty one"),
    ],
)
def test_parts_that_tell_nothing_are_refused(parts: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(AlphabetError, match=message):
        Alphabet("ab", ["a", "b"], parts=parts)
