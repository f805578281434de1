"""The renderer of scene text: words as they stand on signs, posters, books and screens, as a camera sees them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seqrec.alphabet import Alphabet
from seqrec.interfaces import Renderer, Sample
from seqrec.rendering import Dice, Font, Line, camera, degrade, lay_out, require, scale_and_shift, with_options
from seqrec.rendering.warps import Warp
from seqrec_scene_text import fonts, lettering, scenery
from seqrec_scene_text.alphabets import ascii95
from seqrec_scene_text.framing import Around, Frame, beside, framed
from seqrec_scene_text.words import TextSource, cased

CLEAN_SHARE = 0.2
"""Part of the pictures with few and weak effects at any difficulty."""
LETTER_SHARE = 1.125
"""Height of a capital on the flat sign, as a part of the picture's height."""


@dataclass(frozen=True)
class SceneTextOptions:
    """What a recipe's `[renderer]` table may say.

    Attributes:
        height_px: Height of the pictures.
        difficulty: 0 clean print, 1 everything that happens in streets: scales how often and how strongly.
        families: Families of typefaces to use, 0 for all.
        words: Most frequent English words to use, 0 for all words.
        min_length: Fewest characters.
        max_length: Most characters.
        letters_only: Plain words only, no numbers and no punctuation.
    """

    height_px: int = 32
    difficulty: float = 1.0
    families: int = 0
    words: int = 0
    min_length: int = 1
    max_length: int = 24
    letters_only: bool = False

    def __post_init__(self) -> None:
        require(16 <= self.height_px <= 128, "height_px", self.height_px, "16 to 128")
        require(0 <= self.difficulty <= 1, "difficulty", self.difficulty, "0 to 1")
        require(self.families >= 0, "families", self.families, "0 or more")
        require(self.words >= 0, "words", self.words, "0 or more")
        require(self.min_length >= 1, "min_length", self.min_length, "1 or more")
        require(self.max_length >= self.min_length, "max_length", self.max_length, f"{self.min_length} or more")


@dataclass(frozen=True)
class SceneTextRenderer(Renderer):
    """Draws words of scene text.

    Args:
        alphabet: Only texts of its symbols (or of other spellings of them) are drawn.
        options: What the recipe says.
        validation: Whether to draw the words and typefaces that training never draws, and only them.
    """

    alphabet: Alphabet = ascii95
    options: SceneTextOptions = SceneTextOptions()
    validation: bool = False

    def configured(self, alphabet: Alphabet, options: Mapping[str, object]) -> "SceneTextRenderer":
        """This renderer for another alphabet and with other options; see `SceneTextOptions`.

        Raises:
            RecipeError: An unknown key, a wrong type or a value out of range.
        """
        return SceneTextRenderer(alphabet, with_options(self.options, options), self.validation)

    def held_out(self) -> "SceneTextRenderer":
        """The renderer of words and families that training never draws."""
        return SceneTextRenderer(self.alphabet, self.options, validation=True)

    def render(self, rng: np.random.Generator) -> Sample:
        """One picture with its label; boxes are the x-spans of the letters' ink, and the gap for a space."""
        dice = Dice(rng, self.options.difficulty)
        if dice.coin(CLEAN_SHARE):  # book covers, new signs, screens
            dice = Dice(rng, self.options.difficulty * dice.between(0.1, 0.5))
        text, font = self._text(dice)
        letter_px = round(LETTER_SHARE * self.options.height_px)
        tracking = _tracking(dice, font)
        line = self._line(dice, font, text, letter_px, tracking)
        around = beside(dice, tracking)
        frame = framed(dice, line, around, letter_px, self.options.height_px)
        tones = lettering.toned(dice)

        x0, y0, x1, y1 = frame.reach
        rows, columns = line.mask.shape
        box = (-x0, -y0, columns - x0, rows - y0)
        plane = scenery.surface(dice, y1 - y0, x1 - x0, tones)
        scenery.furnished(plane, box, dice, tones, letter_px)
        boxes = line.boxes + np.array([-x0, -y0, -x0, -y0], np.float32)
        if dice.chance(0.02):
            scenery.tiled(plane, boxes, text, dice, tones, letter_px)
        mask, owners = np.zeros(plane.shape, np.uint8), np.zeros(plane.shape, np.uint8)
        mask[box[1] : box[3], box[0] : box[2]] = line.mask
        owners[box[1] : box[3], box[0] : box[2]] = line.owners
        scenery.neighbours(mask, box, line, font, self._words_beside(dice, font, around), around, dice, letter_px)
        lettering.lettered(plane, lettering.formed(mask, dice, letter_px), owners, dice, tones, letter_px)

        if dice.chance(0.015):
            lettering.cornered(plane, boxes, dice, tones, letter_px)
        if dice.chance(0.025):
            scenery.obstructed(plane, box, dice, letter_px)
        image = _seen(frame, np.clip(plane, 0, 255).astype(np.uint8), x0, y0)
        image = camera.photographed(camera.lit(image, dice), dice, frame.letter_px)
        height_px = self.options.height_px
        width_px = max(4, round(frame.width_px * height_px / frame.height_px))
        spans = frame.warp.spans(line.boxes, frame.width_px, width_px)
        image = degrade.resized(image, height_px, width_px, smooth=dice.coin(0.8))
        return Sample(image, text, spans)

    def _source(self) -> TextSource:
        chosen = self.options
        return TextSource(self.alphabet, self.validation, chosen.words, chosen.min_length, chosen.max_length, chosen.letters_only)

    def _text(self, dice: Dice) -> tuple[str, Font]:
        """A text and a font that can draw all of it; the text is as it looks in the font."""
        source = self._source()
        text = source.draw(dice.rng)
        for attempt in range(100):
            if attempt % 8 == 7:
                text = source.draw(dice.rng)
            font = self._font(dice)
            looks = text.upper() if font.caps_only else text
            if font.category == "script" and len(text) > 2 and text.isupper() and dice.coin(0.75):
                looks = looks if font.caps_only else text.capitalize()  # nobody writes capitals in a running hand
            if font.can_draw(looks) and source.fits(looks):
                return looks, font
        raise ValueError(f"no typeface of this plugin can draw texts of alphabet '{self.alphabet.name}'")

    def _font(self, dice: Dice) -> Font:
        groups = fonts.families(self.validation, 0 if self.validation else self.options.families)
        toss = dice.between(0, sum(fonts.SHARES[category] for category, _ in groups))
        members = groups[-1][1]
        for category, families in groups:
            toss -= fonts.SHARES[category]
            if toss < 0:
                members = families
                break
        return dice.pick(dice.pick(members))

    def _words_beside(self, dice: Dice, font: Font, around: Around) -> list[str]:
        source = TextSource(ascii95, self.validation)
        words = []
        for gap in (around.left, around.above, around.right, around.below):
            word = cased(source.word(dice.rng), dice.rng) if gap is not None else ""
            words.append("".join(letter for letter in word if font.can_draw(letter)))
        return words

    def _line(self, dice: Dice, font: Font, text: str, letter_px: int, tracking: float) -> Line:
        scales = shifts = None
        if text.isupper() and len(text) > 2 and dice.coin(0.04):  # small capitals
            scales = [1.25] + [1.25 if before == " " else 1.0 for before in text[:-1]]
        if dice.chance(0.03):
            shifts = [float(shift) for shift in dice.rng.uniform(-0.1, 0.1, len(text))]
        return lay_out(font, text, letter_px, tracking, scales, shifts)


def _tracking(dice: Dice, font: Font) -> float:
    """Extra way between letters, in letter heights; the letters of scripts hold hands."""
    if font.category == "script":
        return 0.0
    toss = dice.between(0, 1)
    if toss < 0.1:
        return dice.strength(0.1, 0.5)
    return dice.around(0.05, 0.1) if toss < 0.5 else 0.0


def _seen(frame: Frame, plane: np.typing.NDArray[np.uint8], x0: int, y0: int) -> np.typing.NDArray[np.uint8]:
    """The plane through the frame's warp; x0, y0 is where it starts in pixels of the line's mask."""
    warp = frame.warp
    warp = Warp((warp.centre[0] - x0, warp.centre[1] - y0), warp.bend, warp.matrix)
    if frame.scale < 0.7:
        rows, columns = plane.shape
        shrink = max(frame.scale * 1.2, 0.25)
        small_rows, small_columns = max(4, round(rows * shrink)), max(4, round(columns * shrink))
        plane = degrade.resized(plane, small_rows, small_columns)
        shrink_x, shrink_y = small_columns / columns, small_rows / rows
        warp = Warp(
            (warp.centre[0] * shrink_x, warp.centre[1] * shrink_y),
            warp.bend.scaled(shrink_x),
            warp.matrix @ scale_and_shift(1 / shrink_x, 1 / shrink_y),
        )
    return warp.picture(plane, frame.height_px, frame.width_px)
