"""Fragments of words: found with the fewest edits, seen through a view, told with how many others hold them."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec import Alphabet
from seqrec.decoding import Decoding, Entry, Fragments, GreedyDecoder, Lexicon
from seqrec.decoding.choice import Offers
from seqrec.errors import GrammarError
from seqrec.metrics import edit_distance

ABC = Alphabet("abc", "abcd")


def compiled(*words: str | Entry) -> Lexicon:
    return Lexicon.compile(words, ABC)


def posteriors(text: str) -> np.ndarray:  # type: ignore[type-arg]
    """Frames of one symbol each with a blank between."""
    y = np.full((2 * len(text) + 1, ABC.classes), 0.01)
    y[::2, 0] = 0.96
    y[np.arange(1, len(y), 2), ABC.encode(text)] = 0.96
    return np.log(y).astype(np.float32)


def parts(word: str) -> set[str]:
    return {word[start:stop] for start in range(len(word) + 1) for stop in range(start, len(word) + 1)}


@given(
    st.lists(st.text("abcd", min_size=1, max_size=12), min_size=1, max_size=6, unique=True),
    st.text("abcd", min_size=1, max_size=9),
)
def test_edits_are_those_to_the_nearest_of_all_parts(words: list[str], fragment: str) -> None:
    distances = {word: min(edit_distance(fragment, part) for part in parts(word)) for word in words}
    lexicon = compiled(*words)
    found = Fragments(lexicon).nearest(fragment, delta=2, n_best=len(words))
    most = min(2, len(fragment) // 4)
    assert {lexicon.texts[one.word]: one.edits for one in found} == {
        word: distance for word, distance in distances.items() if distance <= most
    }
    assert [one.edits for one in found] == sorted(one.edits for one in found)
    for one in found:
        assert one.share == 1 / list(distances.values()).count(one.edits)


def test_of_words_as_near_the_heavier_one_comes_first() -> None:
    lexicon = compiled(Entry("abba", weight=1), Entry("cabb", weight=3), Entry("dabb", weight=3))
    found = Fragments(lexicon).nearest("abb", n_best=3)
    assert [lexicon.texts[one.word] for one in found] == ["cabb", "dabb", "abba"]


def test_words_with_several_spellings_are_as_near_as_the_nearest() -> None:
    lexicon = compiled(Entry("first", ["aaaaaa", "abcdabcd"]), Entry("second", ["bbbb"]))
    (found,) = Fragments(lexicon).nearest("bcda")
    assert (lexicon.texts[found.word], found.edits) == ("first", 0)


def test_view_says_what_is_compared() -> None:
    def steps(symbols: Sequence[str]) -> list[int]:
        return [ord(after) - ord(before) for before, after in zip(symbols, symbols[1:], strict=False)]

    lexicon = compiled("abca", "aabb")
    assert Fragments(lexicon).nearest("bcd") == []
    (found,) = Fragments(lexicon, steps).nearest("bcd")
    assert (lexicon.texts[found.word], found.edits) == ("abca", 0)
    assert Fragments(lexicon, steps).nearest("d") == []  # one symbol has no step


@pytest.mark.parametrize(("delta", "n_best"), [(-1, 1), (3, 0)])
def test_limits_that_make_no_sense_are_refused(delta: int, n_best: int) -> None:
    with pytest.raises(GrammarError, match=f"delta is {delta} and n_best {n_best}"):
        Fragments(compiled("ab")).nearest("a", delta, n_best)


def test_reading_stays_free_and_its_word_is_named() -> None:
    lexicon = compiled("dabcabcd", "abdd", "bbbb")
    (free,) = GreedyDecoder()(posteriors("abcabb"))
    decoder = Decoding(lexicon=lexicon, lexicon_mode="fragment", n_best=2).decoder_for(ABC)
    (found,) = decoder(posteriors("abcabb"))
    assert (found.ids, found.log_probability) == (free.ids, free.log_probability)
    assert (found.text, found.edits, found.share, found.free) == ("dabcabcd", 1, 1.0, False)
    (none,) = decoder(posteriors("ccddccdd"))
    assert (none.text, none.edits, none.free) == ("", -1, True)


def test_reading_of_a_fragment_keeps_to_patterns() -> None:
    decoding = Decoding(lexicon=["abcd"], lexicon_mode="fragment", pattern="b.d")
    (found,) = decoding.decoder_for(ABC)(posteriors("bad"))
    assert (ABC.decode(found.ids), found.text) == (["b", "a", "d"], "")
    (found,) = decoding.decoder_for(ABC)(posteriors("bcd"))
    assert (found.text, found.edits) == ("abcd", 0)


def test_views_go_by_name_and_with_fragments_alone() -> None:
    offers = Offers("abc", lexicons={"words": lambda: [Entry("ab"), "ba\t2"]}, views={"first": lambda symbols: symbols[:1]})
    decoder = Decoding(lexicon="words", lexicon_mode="fragment", lexicon_view="first").decoder_for(ABC, offers)
    assert [found.text for found in decoder(posteriors("bb"))] == ["ba"]
    with pytest.raises(GrammarError, match="lexicon view 'fist': this task offers none of that name; did you mean 'first'"):
        Decoding(lexicon="words", lexicon_mode="fragment", lexicon_view="fist").decoder_for(ABC, offers)
    with pytest.raises(GrammarError, match="it needs lexicon mode 'fragment'"):
        Decoding(lexicon="words", lexicon_view="first")


def test_symbols_parted_by_tabs_are_parted_by_spaces_in_a_lexicon() -> None:
    notes = Alphabet("notes", ["C4", "D4", "E4"], separator="\t")
    offers = Offers("notes", lexicons={"tunes": lambda: ["scale\t1\tC4 D4  E4", "C4 C4"]})
    lexicon = Decoding(lexicon="tunes").lexicon_for(notes, offers)
    assert {text: lexicon.spellings(number) for number, text in enumerate(lexicon.texts)} == {
        "scale": [(1, 2, 3)], "C4 C4": [(1, 1)]
    }  # fmt: skip
