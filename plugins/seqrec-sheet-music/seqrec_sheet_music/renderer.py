"""The renderer of sheet music: composed staves, engraved, printed and photographed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from seqrec import Alphabet, Renderer, Sample
from seqrec.rendering import Dice, camera, degrade, require, with_options
from seqrec_sheet_music import chords, clutter, engraving, habits, labels, paper, surroundings
from seqrec_sheet_music.alphabets import agnostic, pitches, semantic
from seqrec_sheet_music.bending import Bend, redrawn
from seqrec_sheet_music.catalogue import SOURCES
from seqrec_sheet_music.composer import Fragment, Wishes, compose
from seqrec_sheet_music.corpus import drawn_from
from seqrec_sheet_music.digits import rewritten
from seqrec_sheet_music.engraving import FONTS, HELD_OUT_FONT, Engraving, EngravingError
from seqrec_sheet_music.framing import Frame, framed, music_box, seen
from seqrec_sheet_music.ink import Grey, Ink
from seqrec_sheet_music.notation import shapes
from seqrec_sheet_music.tokens import Note, parse

CLEAN_SHARE = 0.15
"""Part of the pictures with few and weak effects at any difficulty."""
MOST_NOTES, MOST_PITCHES = 48, 20
REWRITTEN_SHARE = 0.6
"""Part of the pictures, of training only, whose meters and long rests are written anew: four fonts do not tell all digits."""
BLUR_SPACES = 1.0
"""Staves bear as much blur as letters of so many staff spaces do."""
PLAIN_UNTIL = 0.4
"""Share of a curriculum in which nothing that is seldom is drawn."""
TRIES = 20


@dataclass(frozen=True)
class SheetMusicOptions:
    """What a recipe's `[renderer]` table may say.

    Attributes:
        height_px: Height of the pictures.
        difficulty: 0 black engraving on white and nothing around it, 1 all that happens to paper and before cameras.
        min_bars: Fewest bars.
        max_bars: Most bars.
        min_notes: Fewest notes; too short a tune goes on beyond `max_bars`.
        max_notes: Most notes, 0 for 48, or 20 where only pitches are read.
        plain: Frequent keys, meters and registers only; no grace notes, fermatas or multi-bar rests.
        held_out_difficulty: Difficulty of the pictures kept for validation; below 0 it is that of training.
        rare: Part of the pictures whose symbols are drawn evenly from the alphabet instead of composed.
        corpus: Part of the user's own music21 corpus whose tunes are drawn too, as `essenFolksong`; empty for none.
        corpus_share: Part of the pictures that show these.
    """

    height_px: int = 96
    difficulty: float = 1.0
    min_bars: int = 1
    max_bars: int = 6
    min_notes: int = 1
    max_notes: int = 0
    plain: bool = False
    held_out_difficulty: float = -1.0
    rare: float = 0.15
    corpus: str = ""
    corpus_share: float = 0.5

    def __post_init__(self) -> None:
        require(48 <= self.height_px <= 256, "height_px", self.height_px, "48 to 256")
        require(0 <= self.difficulty <= 1, "difficulty", self.difficulty, "0 to 1")
        require(self.min_bars >= 1, "min_bars", self.min_bars, "1 or more")
        require(self.max_bars >= self.min_bars, "max_bars", self.max_bars, f"{self.min_bars} or more")
        require(self.min_notes >= 1, "min_notes", self.min_notes, "1 or more")
        fine = self.max_notes == 0 or self.max_notes >= self.min_notes
        require(fine, "max_notes", self.max_notes, f"{self.min_notes} or more, or 0")
        require(-1 <= self.held_out_difficulty <= 1, "held_out_difficulty", self.held_out_difficulty, "-1 to 1")
        require(0 <= self.rare <= 1, "rare", self.rare, "0 to 1")
        require(self.corpus in ("", *SOURCES), "corpus", self.corpus, f"one of {', '.join(SOURCES)}, or empty")
        require(0 <= self.corpus_share <= 1, "corpus_share", self.corpus_share, "0 to 1")


@dataclass(frozen=True)
class SheetMusicRenderer(Renderer):
    """Draws staves.

    Args:
        alphabet: One of this plugin's; what the labels are spelt in.
        options: What the recipe says.
        validation: Whether to draw the tunes and the font that training never draws, and only them.
    """

    alphabet: Alphabet = semantic
    options: SheetMusicOptions = SheetMusicOptions()
    validation: bool = False

    def configured(self, alphabet: Alphabet, options: Mapping[str, object]) -> "SheetMusicRenderer":
        """This renderer for another alphabet and with other options; see `SheetMusicOptions`.

        Raises:
            RecipeError: An unknown key, a wrong type or a value out of range.
        """
        return SheetMusicRenderer(alphabet, with_options(self.options, options), self.validation)

    def easier(self, done: float) -> "SheetMusicRenderer":
        """At first one bar of frequent symbols in clean print, then longer, rarer and harder ones; see `Renderer.easier`."""
        own = self.options
        options = replace(
            own,
            difficulty=own.difficulty * (0.15 + 0.85 * done),
            max_bars=own.min_bars + round((own.max_bars - own.min_bars) * done),
            plain=own.plain or done < PLAIN_UNTIL,
            rare=own.rare * done,
        )
        return SheetMusicRenderer(self.alphabet, options, self.validation)

    def held_out(self) -> "SheetMusicRenderer":
        """The renderer of tunes and of the font that training never draws."""
        return SheetMusicRenderer(self.alphabet, self.options, validation=True)

    def render(self, rng: np.random.Generator) -> Sample:
        """One picture with its label; boxes are the x-spans of the symbols' ink.

        Raises:
            EngravingError: Time and again what is drawn is not what was composed; this plugin does not know this verovio.
            MissingExtraError: verovio is absent.
        """
        tries = TRIES
        while True:
            dice = Dice(rng, self._difficulty())
            tokens = self._tokens(dice)
            if dice.coin(CLEAN_SHARE):
                dice = Dice(rng, dice.difficulty * dice.between(0.1, 0.5))
            font = HELD_OUT_FONT if self.validation else dice.pick(FONTS)
            try:
                bend = None if self.validation else redrawn(dice)
                several = self._draws_chords and dice.coin(chords.SHARE)
                voices = several and dice.coin()
                staff = _engraved(tokens, font, dice, self.alphabet.name != agnostic.name, bend, voices)
                if several:
                    chords.with_chords(staff, dice, voices)
                if not self.validation:
                    habits.redrawn(staff, dice)
                    if dice.coin(REWRITTEN_SHARE):
                        rewritten(staff, dice)
            except EngravingError:
                tries -= 1
                if not tries:
                    raise
            else:
                return self._pictured(staff, tokens, font, dice)

    @property
    def _draws_chords(self) -> bool:
        """Whether several notes may sound at once, which only shapes can tell; the held-out staves have one voice."""
        return self.alphabet.name == shapes.name and not self.validation and not self.options.plain

    def _tokens(self, dice: Dice) -> Fragment:
        if self.options.corpus and dice.coin(self.options.corpus_share):
            return drawn_from(self.options.corpus, dice, self._wishes(), self.validation)
        return compose(dice.rng, self._wishes(), self.validation)

    def _difficulty(self) -> float:
        own = self.options.held_out_difficulty
        return own if self.validation and own >= 0 else self.options.difficulty

    def _wishes(self) -> Wishes:
        chosen = self.options
        most = chosen.max_notes or (MOST_PITCHES if self.alphabet.name == pitches.name else MOST_NOTES)
        notes = (chosen.min_notes, max(most, chosen.min_notes))
        return Wishes((chosen.min_bars, chosen.max_bars), notes, chosen.plain, chosen.rare)

    def _pictured(self, staff: Engraving, tokens: Fragment, font: str, dice: Dice) -> Sample:
        height_px = self.options.height_px
        frame = framed(dice, staff, height_px)
        sheet = _printed(staff, frame, font, dice)
        view = camera.lit(seen(sheet, frame), dice)
        view = camera.photographed(view, dice, BLUR_SPACES * frame.space_px)
        picture = degrade.resized(view, height_px, frame.width_px, smooth=dice.coin(0.8))
        symbols, places = labels.labelled(self.alphabet, tokens, staff)
        boxes = (np.array(places, np.float32).reshape(-1, 4) - _corner(frame)) * np.float32(frame.sheet.scale)
        spans = labels.in_order(frame.warp.spans(boxes, frame.sensor_width_px, frame.width_px))
        return Sample(picture, self.alphabet.text(symbols), spans)


def _engraved(tokens: Fragment, font: str, dice: Dice, courtesy: bool, bend: Bend | None, voices: bool) -> Engraving:
    """Engraved in a house's style; all stems up where there will be a second of `voices` below."""
    elements = [parse(token) for token in tokens]
    extras = clutter.decorated(dice, elements, courtesy)
    if voices:
        extras.stems = {index: "up" for index, element in enumerate(elements) if isinstance(element, Note)}
    return engraving.engraved(tokens, font, extras, clutter.house_style(dice, len(tokens)), dice, bend)


def _printed(staff: Engraving, frame: Frame, font: str, dice: Dice) -> Grey:
    """The sheet, (H, W), uint8."""
    ink = Ink(frame.sheet)
    left, _, right, _ = staff.drawing.staff
    ink.draw(staff.drawing, stretch=(left, right + 1e5) if frame.goes_on else None)
    surroundings.surround(ink, staff, frame, font, dice)
    coverage = ink.coverage()
    surroundings.words(coverage, frame.sheet, staff.drawing)
    if dice.chance(0.08):
        surroundings.words_at_the_edges(coverage, frame.sheet, staff, frame, dice)
    back = _back(frame, font, dice) if dice.chance(0.06) else None
    picture = paper.printed(paper.worn(coverage, dice, frame.space_px), dice, frame.space_px, back)
    if dice.chance(0.2):
        box = np.array(music_box(staff), np.float32) - np.tile(_corner(frame)[:2], 2)
        picture = paper.laid_on_table(picture, tuple(float(side) * frame.sheet.scale for side in box), dice)  # type: ignore[arg-type]
    return picture


def _back(frame: Frame, font: str, dice: Dice) -> Grey:
    """What shines through from the other side of the paper, (H, W), uint8."""
    ink = Ink(frame.sheet)
    other = dice.pick(surroundings.neighbours(font))
    x = frame.sheet.x - dice.between(0, 0.5) * other.staff[2]
    y = frame.view[1] + dice.between(-0.3, 0.7) * (frame.view[3] - frame.view[1])
    ink.draw(other, x, y - other.staff[1], (-1e5, 1e5))
    return degrade.focus_blur(np.ascontiguousarray(ink.coverage()[:, ::-1]), 0.1 * frame.space_px + 0.3)


def _corner(frame: Frame) -> npt.NDArray[np.float32]:
    return np.array((frame.sheet.x, frame.sheet.y) * 2, np.float32)
