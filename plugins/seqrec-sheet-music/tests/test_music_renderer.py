"""Pictures of sheet music: the same for the same seed anywhere, truly labelled, with spans where the ink is."""

import pickle
import subprocess
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from seqrec import Alphabet
from seqrec.data.sources import RenderedSource
from seqrec.errors import RecipeError
from seqrec.interfaces import Sample
from seqrec.rendering import Dice
from seqrec_sheet_music import engraving, renderer
from seqrec_sheet_music.alphabets import ALPHABETS, pitches, semantic
from seqrec_sheet_music.composer import compose, is_held_out
from seqrec_sheet_music.engraving import FONTS, HELD_OUT_FONT, EngravingError, engraved
from seqrec_sheet_music.framing import framed, seen
from seqrec_sheet_music.ink import Ink
from seqrec_sheet_music.outlines import bar
from seqrec_sheet_music.renderer import SheetMusicRenderer

PRINT_PICTURES = """
import zlib
import numpy as np
from seqrec_sheet_music.renderer import SheetMusicRenderer
rng = np.random.default_rng(11)
samples = [SheetMusicRenderer().render(rng) for _ in range(12)]
print([(s.label, s.image.shape, zlib.crc32(s.image.tobytes()), zlib.crc32(s.boxes.tobytes())) for s in samples])
"""


def pictures(renderer: SheetMusicRenderer, count: int, seed: int = 0) -> list[Sample]:
    source = RenderedSource(renderer, seed)
    return [source.sample(index) for index in range(count)]


def print_of(sample: Sample) -> tuple[object, ...]:
    assert sample.boxes is not None
    return sample.label, sample.image.shape, zlib.crc32(sample.image.tobytes()), zlib.crc32(sample.boxes.tobytes())


def test_same_seed_same_picture_in_another_process() -> None:
    rng = np.random.default_rng(11)
    here = [print_of(SheetMusicRenderer().render(rng)) for _ in range(12)]
    there = subprocess.run(
        [sys.executable, "-c", PRINT_PICTURES],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONHASHSEED": "77", "PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": ""},
    )
    assert there.stdout.strip() == str(here)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_draw_what_we_draw(method: str) -> None:
    source = RenderedSource(SheetMusicRenderer(), 0)
    with ProcessPoolExecutor(1, get_context(method)) as pool:
        there = [print_of(sample) for sample in pool.map(source.sample, range(6), timeout=120)]
    assert there == [print_of(source.sample(index)) for index in range(6)]


def test_what_was_drawn_before_does_not_matter() -> None:
    first = pictures(SheetMusicRenderer(), 3, seed=5)
    pictures(SheetMusicRenderer().held_out(), 5, seed=6)
    again = pictures(pickle.loads(pickle.dumps(SheetMusicRenderer())), 3, seed=5)
    assert [print_of(sample) for sample in first] == [print_of(sample) for sample in again]


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda alphabet: alphabet.name)
@pytest.mark.parametrize("difficulty", [0.0, 1.0])
def test_pictures_and_spans_are_as_promised(alphabet: Alphabet, difficulty: float) -> None:
    for sample in pictures(SheetMusicRenderer().configured(alphabet, {"difficulty": difficulty}), 25):
        ids = alphabet.encode(sample.label)
        assert ids
        assert sample.image.dtype == np.uint8
        assert sample.image.shape[0] == 96
        assert sample.image.flags.c_contiguous
        assert sample.boxes is not None
        assert sample.boxes.dtype == np.float32
        assert sample.boxes.shape == (len(ids), 2)
        assert (sample.boxes[:, 1] > sample.boxes[:, 0]).all()
        middles = sample.boxes.mean(axis=1)
        assert (np.diff(middles) > -2).all()
        assert middles.min() >= 0
        assert middles.max() <= sample.image.shape[1]


def test_clean_pictures_are_black_on_white_and_their_spans_hold_ink() -> None:
    for sample in pictures(SheetMusicRenderer().configured(semantic, {"difficulty": 0}), 40):
        ink = 255 - sample.image.astype(int)
        assert sample.image.max() == 255
        assert sample.image.min() < 60
        assert sample.boxes is not None
        music = ink[:, int(sample.boxes.min()) : int(sample.boxes.max())].sum(axis=0)
        lines = np.percentile(music, 3)  # a column of five staff lines and nothing else
        for symbol, (left, right) in zip(sample.label.split("\t"), sample.boxes, strict=True):
            columns = ink[:, int(left) : int(np.ceil(right))].sum(axis=0)
            assert columns.max() > lines + (60 if symbol != "tie" else 5), (symbol, sample.label)


def test_spans_lie_where_the_warp_has_moved_the_ink() -> None:
    """Boxes of ink are drawn alone on the sheet and looked for in the view: another road than moving their corners."""
    for seed in range(25):
        rng = np.random.default_rng(seed)
        staff = engraved(compose(rng))
        frame = framed(Dice(rng), staff, 96)
        corner = np.array((frame.sheet.x, frame.sheet.y) * 2, np.float32)
        boxes = (np.array(staff.places, np.float32) - corner) * np.float32(frame.sheet.scale)
        spans = frame.warp.spans(boxes, frame.sensor_width_px)
        for place, (left, right) in list(zip(staff.places, spans, strict=True))[::4]:
            ink = Ink(frame.sheet)
            middle = (place[1] + place[3]) / 2
            ink.fill([bar(place[0], middle, place[2], middle, place[3] - place[1])])
            columns = np.flatnonzero(seen(np.asarray(255 - ink.coverage(), np.uint8), frame).min(axis=0) < 128)
            assert columns[0] == pytest.approx(left, abs=1.5)
            assert columns[-1] + 1 == pytest.approx(right, abs=1.5)


def fonts_used(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A set that grows by every music font that is drawn with."""
    used: set[str] = set()
    real = engraving._toolkit

    def toolkit(font: str, options: tuple[str, ...]) -> object:
        used.add(font)
        return real(font, options)

    monkeypatch.setattr(engraving, "_toolkit", toolkit)
    return used


def test_training_draws_no_tune_and_no_font_kept_for_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    used = fonts_used(monkeypatch)
    samples = pictures(SheetMusicRenderer(), 40)
    assert not any(is_held_out(sample.label.split("\t")) for sample in samples)
    assert used == set(FONTS)


def test_validation_draws_only_tunes_and_the_font_kept_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    used = fonts_used(monkeypatch)
    samples = pictures(SheetMusicRenderer().configured(semantic, {"difficulty": 0.5}).held_out(), 20)
    assert all(is_held_out(sample.label.split("\t")) for sample in samples)
    assert used == {HELD_OUT_FONT}


def test_pictures_of_pitches_have_up_to_twenty_notes() -> None:
    counts = [len(pitches.encode(sample.label)) for sample in pictures(SheetMusicRenderer().configured(pitches, {}), 40)]
    assert min(counts) >= 1
    assert max(counts) == 20


def test_options_make_pictures_short_and_plain() -> None:
    options = {"max_bars": 1, "max_notes": 5, "plain": True, "height_px": 80, "difficulty": 0.2}
    for sample in pictures(SheetMusicRenderer().configured(semantic, options), 20):
        tokens = sample.label.split("\t")
        assert sum(token.startswith("note") for token in tokens) <= 5
        assert not any(token.startswith(("gracenote", "multirest")) or token.endswith("_fermata") for token in tokens)
        assert sample.image.shape[0] == 80


def test_staves_are_never_too_small_to_be_read_nor_endless() -> None:
    for sample in pictures(SheetMusicRenderer(), 60):
        assert sample.image.shape[1] < 20 * sample.image.shape[0]
        assert sample.image.std() > 4


def test_validation_may_have_a_difficulty_of_its_own() -> None:
    chosen = SheetMusicRenderer().configured(semantic, {"difficulty": 1.0, "held_out_difficulty": 0.0})
    assert all(sample.image[0, 0] == 255 for sample in pictures(chosen.held_out(), 8))
    assert not all(sample.image[0, 0] == 255 for sample in pictures(chosen, 8))


def test_a_drawing_that_fails_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = engraving.engraved, []

    def engraved(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) < 3:
            raise EngravingError("a notehead is missing")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(engraving, "engraved", engraved)
    SheetMusicRenderer().render(np.random.default_rng(0))
    assert len(calls) == 3


def test_drawings_that_always_fail_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def engraved(*arguments: object) -> object:
        raise EngravingError("a notehead is missing")

    monkeypatch.setattr(engraving, "engraved", engraved)
    monkeypatch.setattr(renderer, "TRIES", 2)
    with pytest.raises(EngravingError, match="a notehead is missing"):
        SheetMusicRenderer().render(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dificulty": 1.0}, r"unknown key 'renderer.dificulty'; did you mean 'difficulty'\?"),
        ({"difficulty": 1.5}, r"renderer.difficulty: 1.5 is out of range; expected 0 to 1"),
        ({"height_px": 20}, r"renderer.height_px: 20 is out of range; expected 48 to 256"),
        ({"plain": 1}, r"renderer.plain: 1 is a int; expected true or false"),
        ({"min_bars": 0}, r"renderer.min_bars: 0 is out of range; expected 1 or more"),
        ({"min_bars": 3, "max_bars": 2}, r"renderer.max_bars: 2 is out of range; expected 3 or more"),
        ({"min_notes": 5, "max_notes": 4}, r"renderer.max_notes: 4 is out of range; expected 5 or more, or 0"),
        ({"held_out_difficulty": 2}, r"renderer.held_out_difficulty: 2.0 is out of range; expected -1 to 1"),
        ({"rare": -0.1}, r"renderer.rare: -0.1 is out of range; expected 0 to 1"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        SheetMusicRenderer().configured(semantic, options)


def test_a_curriculum_begins_with_one_plain_bar_and_ends_where_the_recipe_is() -> None:
    own = SheetMusicRenderer().configured(semantic, {"max_bars": 5, "rare": 0.5})
    first = pictures(own.easier(0.0), 40)
    assert all(sample.label.count("barline") <= 1 for sample in first)
    assert not any(sign in sample.label for sample in first for sign in ("gracenote", "fermata", "multirest"))
    assert np.mean([sample.image.shape[1] for sample in first]) < 0.75 * np.mean([s.image.shape[1] for s in pictures(own, 40)])
    assert own.easier(1.0) == own
    assert own.easier(0.5).options.max_bars == 3
