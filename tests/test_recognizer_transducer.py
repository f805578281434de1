"""A transducer from training to reading: it learns, is saved and loaded, reads as its steps say, alone and in company."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqrec.decoding import Decoding, steps_log_probability
from seqrec.engines.torch_engine import TorchEngine
from seqrec.errors import GrammarError, MissingExtraError
from seqrec.interfaces import Picture
from seqrec.pictures import fit_height
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.recognizer import Recognizer, load
from seqrec.testing.bars import BARS, LOW_BARS, BarRenderer
from seqrec.training import begin, fit

SETTINGS = [
    "transcription.name=transducer",
    "sequence.hidden=32",
    "data.chunk=256",
    "data.held_out=32",
    "train.steps=200",
    "train.guide_steps=150",
    "train.learning_rate=0.004",
    "train.validate_every=200",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, plugins: Registry, tiny_recipe: Recipe) -> Path:
    """A run of some seconds."""
    folder = tmp_path_factory.mktemp("transducer") / "run"
    try:
        training = begin(tiny_recipe.with_settings(SETTINGS), folder, plugins, device="cpu")
        with training.stream:
            for _ in fit(training):
                pass
    except MissingExtraError as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="module")
def reader(run: Path, plugins: Registry) -> Recognizer:
    return load(run, plugins=plugins, device="cpu")


@pytest.fixture(scope="module")
def samples() -> list[tuple[Picture, str]]:
    drawn = [BarRenderer().render(np.random.default_rng(1000 + seed)) for seed in range(24)]
    return [(sample.image, sample.label) for sample in drawn]


def test_it_learns(reader: Recognizer, samples: list[tuple[Picture, str]]) -> None:
    readings = reader.read([picture for picture, _ in samples])
    right = sum(reading.text == label for reading, (_, label) in zip(readings, samples, strict=True))
    assert right >= len(samples) // 5  # in lines of up to eight of eight symbols next to none would be right by chance
    assert reader.engine.gives == "steps"


def test_confidence_is_the_probability_over_all_walks(reader: Recognizer, samples: list[tuple[Picture, str]]) -> None:
    engine = reader.engine
    assert isinstance(engine, TorchEngine)
    for picture, _ in samples[:6]:
        scaled = fit_height(picture, 32, 100, 4)
        values, lengths = engine.run(scaled[None, None], np.array([scaled.shape[1]]))
        steps = engine.steps(values[: lengths[0], 0])
        reading = reader.read(picture)
        expected = math.exp(steps_log_probability(steps, BARS.encode(reading.symbols)))
        assert reading.confidence == pytest.approx(expected, rel=1e-3)
        assert math.prod(reading.symbol_confidences) >= reading.confidence - 1e-6
        assert len(reading.spans) == len(reading.symbols)
        assert [left for left, _ in reading.spans] == sorted(left for left, _ in reading.spans)


def test_pictures_read_the_same_alone_and_together(reader: Recognizer, samples: list[tuple[Picture, str]]) -> None:
    together = reader.read([picture for picture, _ in samples])
    for (picture, _), expected in zip(samples, together, strict=True):
        alone = reader.read(picture)
        assert alone.text == expected.text
        assert alone.confidence == pytest.approx(expected.confidence, abs=1e-4)


def test_alternatives_lexicon_and_pattern(reader: Recognizer, samples: list[tuple[Picture, str]]) -> None:
    for picture, label in samples[:6]:
        best = reader.read(picture, n_best=4)
        confidences = [best.confidence, *(other.confidence for other in best.alternatives)]
        assert confidences == sorted(confidences, reverse=True)
        assert len({best.text, *(other.text for other in best.alternatives)}) == 4
        assert best.confidence >= reader.read(picture).confidence - 1e-6
        assert reader.read(picture, lexicon=[label, label + "a", "D"]).text in (label, label + "a", "D")
        assert len(reader.read(picture, pattern=".{3}").symbols) == 3


def test_smaller_alphabet_takes_over_the_free_readings(reader: Recognizer, samples: list[tuple[Picture, str]]) -> None:
    folded = reader.folded(LOW_BARS)
    for picture, _ in samples[:8]:
        whole, low = reader.read(picture, n_best=6), folded.read(picture, n_best=6)
        assert LOW_BARS.reduce(whole.text) in {low.text, *(other.text for other in low.alternatives)}
        assert len(low.spans) == len(low.symbol_confidences) == len(low.symbols)
        assert len({low.text, *(other.text for other in low.alternatives)}) == 1 + len(low.alternatives)
    with pytest.raises(GrammarError, match="a transducer searches in its own alphabet 'bars8', not in 'bars4': leave out"):
        folded.read(samples[0][0], lexicon=["ab"])


def test_transducer_is_adapted_to_another_alphabet_by_symbol(
    run: Path, plugins: Registry, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    recipe = tiny_recipe.with_settings([*SETTINGS, "alphabet=bars4"])
    training = begin(recipe, tmp_path / "low", plugins, device="cpu", init=run)
    assert training.messages[0] == f"starting from {run}: 4 of 4 symbols keep their head rows"


def test_lexicon_modes_that_it_lacks_are_one_clear_error(reader: Recognizer, samples: list[tuple[Picture, str]]) -> None:
    with pytest.raises(GrammarError, match="a transducer's lexicon is searched by beam: leave out the bktree mode and the"):
        reader.read(samples[0][0], decoding=Decoding(lexicon=["ab"], lexicon_mode="bktree"))


def test_missing_torchaudio_is_noticed_before_a_run_begins(
    seqrec: Callable[..., Any], tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchaudio.functional", None)
    (tmp_path / "tiny.toml").write_text(tiny_recipe.to_toml())
    chosen = ("--recipe", tmp_path / "tiny.toml", "--set", "transcription.name=transducer")
    found = seqrec("train", "--task", "bars", *chosen, "-o", tmp_path / "run", "--device", "cpu")
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("error: torchaudio.functional.rnnt_loss cannot be imported (")
    assert found.err.count("\n") == 1
    assert "install the torchaudio that belongs to your torch" in found.err
    assert not (tmp_path / "run").exists()
