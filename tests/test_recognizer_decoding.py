"""The Recognizer with lexicons, patterns and language models: what it chooses, and what it says of it."""

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from seqrec.decoding import Decoding, Entry, Lexicon, NGram, Pattern, log_probability, save_lexicon
from seqrec.errors import AlphabetError, GrammarError
from seqrec.interfaces import Picture
from seqrec.pictures import fit_height
from seqrec.plugins import Registry
from seqrec.reading import Reading
from seqrec.recognizer import Recognizer, load
from seqrec.reliability import tempered
from seqrec.testing.bars import BARS, LOW_BARS

WORDS = ["".join(symbols) for length in (1, 2, 3) for symbols in itertools.product("abdADBc", repeat=length)]


@pytest.fixture(scope="module")
def reader(tiny_model: Path, plugins: Registry) -> Recognizer:
    return load(tiny_model, plugins=plugins, device="cpu")


def picture(seed: int = 0, height: int = 32, width: int = 120) -> Picture:
    """Noise in large spots, which random weights read as something."""
    small = np.random.default_rng(seed).integers(0, 256, (max(height // 4, 1), max(width // 6, 1)), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def posteriors(reader: Recognizer, grey: Picture) -> npt.NDArray[np.float32]:
    """What the engine says of one picture, (T, C)."""
    scaled = fit_height(grey, 32, 100, 4).copy()
    log_probs, lengths = reader.engine.run(scaled[None, None], np.array([scaled.shape[1]]))
    return log_probs[: lengths[0], 0]


def probability(log_probs: npt.NDArray[np.float32], text: str) -> float:
    return math.exp(log_probability(log_probs, BARS.encode(text)))


@pytest.mark.parametrize("seed", range(6))
def test_word_read_is_the_most_probable_of_all(reader: Recognizer, seed: int) -> None:
    grey = picture(seed)
    log_probs = posteriors(reader, grey)
    scores = {word: probability(log_probs, word) for word in WORDS}
    ranked = sorted(WORDS, key=lambda word: -scores[word])
    found = reader.read(grey, lexicon=WORDS, n_best=3)
    assert [one.text for one in (found, *found.alternatives)] == ranked[:3]
    assert found.word == found.text
    for one in (found, *found.alternatives):
        assert one.confidence == pytest.approx(scores[one.text], rel=1e-3)
        assert len(one.spans) == len(one.symbol_confidences) == len(one.symbols)


def test_lexicon_may_be_words_a_file_or_compiled(reader: Recognizer, tmp_path: Path) -> None:
    pictures = [picture(seed) for seed in range(12)]
    lexicon = Lexicon.compile(WORDS, BARS)
    save_lexicon(tmp_path / "words.lex", lexicon)
    (tmp_path / "words.txt").write_text("\n".join(WORDS))
    expected = reader.read(list(pictures), lexicon=WORDS)
    assert len({reading.text for reading in expected}) > 5
    for source in (lexicon, tmp_path / "words.lex", str(tmp_path / "words.txt"), (word for word in WORDS)):
        assert reader.read(list(pictures), lexicon=source) == expected
    held = dataclasses.replace(reader, decoding=Decoding(lexicon=lexicon))
    assert held.read(list(pictures)) == expected
    assert held.transcriber.decoder is held.transcriber.decoder


def test_word_is_canonical_and_its_probability_that_of_all_its_spellings(reader: Recognizer) -> None:
    for seed in range(6):
        grey = picture(seed)
        free = reader.read(grey)
        spellings = [free.text, free.text[:-1], free.text.swapcase()]
        found = reader.read(grey, lexicon=[Entry("Some word", spellings), "cccc"])
        assert (found.word, found.text, found.symbols, found.spans) == ("Some word", free.text, free.symbols, free.spans)
        log_probs = posteriors(reader, grey)
        together = sum(probability(log_probs, text) for text in dict.fromkeys(spellings))
        assert found.confidence == pytest.approx(together, rel=1e-3)


def test_prior_weights_change_the_choice_and_no_confidence(reader: Recognizer) -> None:
    grey = picture(0)
    first, second = ((one := reader.read(grey, lexicon=WORDS, n_best=2)), one.alternatives[0])
    heavy = Entry(second.text, weight=2 * first.confidence / second.confidence)
    words = [heavy if word == second.text else word for word in WORDS]
    found = reader.read(grey, lexicon=words, n_best=2)
    assert (found.text, found.alternatives[0].text) == (second.text, first.text)
    assert found.confidence == pytest.approx(second.confidence, rel=1e-6)
    assert found.alternatives[0].confidence == pytest.approx(first.confidence, rel=1e-6)


def test_shares_are_those_of_the_whole_lexicon(reader: Recognizer) -> None:
    grey = picture(1)
    log_probs = posteriors(reader, grey)
    whole = sum(probability(log_probs, word) for word in WORDS)
    found = reader.read(grey, decoding=Decoding(lexicon=WORDS, lexicon_share=True))
    assert found.share == pytest.approx(found.confidence / whole, rel=2e-3)
    assert reader.read(grey, lexicon=WORDS).share == -1


def test_free_reading_is_kept_below_the_threshold_and_not_at_it(reader: Recognizer) -> None:
    kept = set()
    for seed in range(12):
        grey = picture(seed)
        free, word = reader.read(grey), reader.read(grey, lexicon=WORDS)
        ratio = word.confidence / free.confidence
        if not 1e-6 < ratio < 0.999:
            continue
        below, above = (Decoding(lexicon=WORDS, lexicon_threshold=ratio * factor) for factor in (0.999, 1.001))
        assert reader.read(grey, decoding=below) == word
        assert reader.read(grey, decoding=above) == dataclasses.replace(free, free=True)
        kept.add(seed)
    assert len(kept) > 3


def test_n_best_are_different_sequences_best_first(reader: Recognizer) -> None:
    for seed in range(5):
        grey = picture(seed)
        found = reader.read(grey, n_best=5)
        ranked = [found, *found.alternatives]
        assert len({one.symbols for one in ranked}) == 5
        assert [one.confidence for one in ranked] == sorted((one.confidence for one in ranked), reverse=True)
        assert sum(one.confidence for one in ranked) <= 1 + 1e-6
        assert not any(one.alternatives for one in found.alternatives)
        log_probs = posteriors(reader, grey)
        for one in ranked:
            assert one.confidence == pytest.approx(probability(log_probs, one.text), rel=1e-3)
        assert found.confidence >= reader.read(grey).confidence * 0.999


def test_readings_match_the_pattern_or_are_marked(reader: Recognizer) -> None:
    pattern = Pattern("[a-d]{2}D?", BARS)
    pictures = [picture(seed) for seed in range(8)]
    found = reader.read(list(pictures), pattern=pattern)
    assert all(pattern.matches(BARS.encode(reading.text)) and not reading.free for reading in found)
    assert reader.read(list(pictures), pattern="[a-d]{2}D?") == found
    too_long = reader.read(list(pictures), pattern="a{200}")
    assert too_long == [dataclasses.replace(reading, free=True) for reading in reader.read(list(pictures))]


def test_language_model_weighs_readings_and_leaves_confidences_alone(reader: Recognizer, tmp_path: Path) -> None:
    model = NGram.from_labels(["bbbb", "bb", "dd"], BARS, 2)
    model.save(tmp_path / "model.arpa")
    changed = 0
    for seed in range(8):
        grey = picture(seed)
        log_probs = posteriors(reader, grey)
        decoding = Decoding(lm=model, lm_weight=2.0, beam_width=50)
        found, free = reader.read(grey, decoding=decoding), reader.read(grey)
        assert reader.read(grey, decoding=dataclasses.replace(decoding, lm=tmp_path / "model.arpa")) == found
        chosen, other = BARS.encode(found.text), BARS.encode(free.text)
        gained = log_probability(log_probs, chosen) - log_probability(log_probs, other)
        assert gained + 2 * (model.log_probability(chosen) - model.log_probability(other)) >= -1e-3
        assert found.confidence == pytest.approx(probability(log_probs, found.text), rel=1e-3, abs=1e-30)
        changed += found.text != free.text
    assert changed > 2


DECODINGS = [
    Decoding(),
    Decoding(n_best=3),
    Decoding(lexicon=WORDS, lexicon_share=True),
    Decoding(lexicon=WORDS, lexicon_mode="bktree", lexicon_threshold=0.1),
    Decoding(pattern="[a-d]+"),
    Decoding(lm=NGram.from_labels(WORDS, BARS, 2)),
    Decoding(lexicon=WORDS, pattern=".{2,}", lm=NGram.from_labels(WORDS, BARS, 2)),
]


@pytest.mark.parametrize("decoding", DECODINGS, ids=range(len(DECODINGS)))  # type: ignore[arg-type]
def test_several_threads_read_the_same_in_the_same_order(reader: Recognizer, decoding: Decoding) -> None:
    pictures = [picture(seed, width=60 + seed % 5 * 40) for seed in range(40)]
    alone = dataclasses.replace(reader, decoding=decoding, threads=1)
    assert dataclasses.replace(alone, threads=4).read(list(pictures)) == alone.read(list(pictures))


@pytest.mark.parametrize("temperature", [0.05, 0.8, 20])
@pytest.mark.parametrize("decoding", DECODINGS, ids=range(len(DECODINGS)))  # type: ignore[arg-type]
def test_temperature_changes_confidences_and_nothing_else(reader: Recognizer, decoding: Decoding, temperature: float) -> None:
    assert reader.card is not None
    plain = dataclasses.replace(reader, decoding=decoding)
    warm = dataclasses.replace(plain, card=dataclasses.replace(reader.card, temperature=temperature))
    changed = 0
    for grey in (picture(0), picture(1), picture(2, 120, 32)):
        expected, found = plain.read(grey), warm.read(grey)
        for one, other in zip((found, *found.alternatives), (expected, *expected.alternatives), strict=True):
            assert one.confidence == tempered(other.confidence, temperature)
            changed += one.confidence != other.confidence
            assert dataclasses.replace(one, confidence=0, alternatives=()) == dataclasses.replace(
                other, confidence=0, alternatives=()
            )
    assert changed


def test_folded_reader_spells_words_in_its_own_alphabet(reader: Recognizer) -> None:
    folded = reader.folded(LOW_BARS)
    plain = folded.read(picture(3))
    with_rest = f"{plain.text[0].upper()}-{plain.text[1:]}!"  # the signs are in neither alphabet
    found = folded.read(picture(3), lexicon=[with_rest, "cccc", "c"])
    assert (found.text, found.word) == (plain.text, with_rest)
    assert found.confidence == pytest.approx(plain.confidence, rel=1e-3)
    assert folded.read(picture(3), lexicon=Lexicon.compile([plain.text, "c"], LOW_BARS)).text == plain.text


def test_unfolded_reader_leaves_words_out_that_it_cannot_spell(reader: Recognizer) -> None:
    assert reader.read(picture(3), lexicon=["b-A", "cccc"]).text == "cccc"
    held = dataclasses.replace(reader, decoding=Decoding(lexicon=["b-A", "cccc"]))
    assert str(held.transcriber.lexicon.dropped) == "1 words with symbols outside the alphabet ('b-A')"
    with pytest.raises(AlphabetError, match="symbol '-' .* of 'b-A'"):
        reader.read(picture(3), decoding=Decoding(lexicon=["b-A", "cccc"], lexicon_policy="error"))


def test_each_picture_may_have_a_lexicon_of_its_own(reader: Recognizer) -> None:
    words = {"a": ["cc", "CC"], "c": ["dCd", Entry("canonical", ["bbb"])]}
    sources = [(key, picture(number)) for number, key in enumerate("abcd")]
    for held in (reader, dataclasses.replace(reader, threads=3), dataclasses.replace(reader, decoding=Decoding(lexicon=WORDS))):
        found = {key: reading for key, reading, _ in held.with_lexicons(words.get).read_many(sources)}
        for number, key in enumerate("abcd"):
            expected = held.read(picture(number), lexicon=words[key]) if key in words else held.read(picture(number))  # type: ignore[arg-type]
            reading = found[key]
            assert isinstance(reading, Reading)
            assert (reading.text, reading.word) == (expected.text, expected.word)
            assert reading.confidence == pytest.approx(expected.confidence, rel=1e-3)


def test_what_is_given_to_read_wins_over_what_the_reader_holds(reader: Recognizer) -> None:
    held = dataclasses.replace(reader, decoding=Decoding(lexicon=["cc"], n_best=1))
    assert held.read(picture()).text == "cc"
    assert held.read(picture(), lexicon=["dd"]).text == "dd"
    assert held.read(picture(), decoding=Decoding()).text == reader.read(picture()).text
    assert held.read(picture(), decoding=Decoding(lexicon=["CC"]), lexicon=["DD"]).text == "DD"


@pytest.mark.parametrize(
    ("decoding", "message"),
    [
        (Decoding(lexicon=Lexicon.compile(["abba"], LOW_BARS)), r"the lexicon is of alphabet 'bars4' \(4 symbols\), the "),
        (Decoding(pattern=Pattern("a", LOW_BARS)), r"pattern 'a' is of alphabet 'bars4' \(4 symbols\), the reader's is 'bars8'"),
        (Decoding(lm=NGram.from_labels(["a"], LOW_BARS)), r"the language model is of alphabet 'bars4' \(4 symbols\), the "),
        (Decoding(lexicon=[]), "the lexicon holds no word; give at least one word of alphabet 'bars8'"),
        (Decoding(lexicon="lost.txt"), "lexicon 'lost.txt': no such file, and none of this task's; there is none"),
        (Decoding(grammars=[("low", 1.0)]), "grammar 'low': this task offers none of that name; there is none"),
        (Decoding(pattern="x"), r"symbol 'x' \(U\+0078\) outside alphabet 'bars8'"),
    ],
)  # fmt: skip
def test_what_does_not_go_with_the_reader_is_refused(reader: Recognizer, decoding: Decoding, message: str) -> None:
    with pytest.raises(GrammarError, match=message) as caught:
        reader.read(picture(), decoding=decoding)
    assert "\n" not in str(caught.value)


def test_model_that_gives_what_no_decoder_reads_is_refused(reader: Recognizer) -> None:
    class Attending:
        """An engine that says something unknown of itself."""

        gives = "attention"
        alphabet = reader.engine.alphabet

    attending = dataclasses.replace(reader, engine=Attending())  # type: ignore[arg-type]
    with pytest.raises(GrammarError, match="the model gives 'attention', and decoders read posteriors or steps; use another"):
        _ = attending.transcriber.decoder
