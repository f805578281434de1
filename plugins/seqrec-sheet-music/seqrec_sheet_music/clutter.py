"""Clutter: what stands around the notes and is not read: slurs, dynamics, fingerings, words; and how engravers differ."""

from collections.abc import Mapping, Sequence

from seqrec.rendering import Dice
from seqrec_sheet_music.accidentals import drawn
from seqrec_sheet_music.mei import Extras, bars
from seqrec_sheet_music.tokens import Barline, Element, Meter, Multirest, Note, Rest, Tie

TEMPO_WORDS = (
    "Allegro", "Andante", "Adagio", "Largo", "Presto", "Moderato", "Vivace", "Lento", "Allegretto", "Andantino", "Grave",
    "Allegro ma non troppo", "Tempo di Minuetto", "Vivo", "Maestoso", "Langsam", "Lebhaft", "Con moto", "Swing", "Slowly", "Fast",
)  # fmt: skip
DIRECTIONS = ("dolce", "cresc.", "dim.", "rit.", "a tempo", "legato", "simile", "espr.", "cantabile", "pizz.", "arco", "solo",
              "poco a poco", "sempre", "Fine", "D.C. al Fine")  # fmt: skip
DYNAMICS = ("p", "pp", "mp", "mf", "f", "ff", "sf", "sfz", "fp", "ppp", "fff")
ARTICULATIONS = ("stacc", "stacc", "stacc", "acc", "acc", "ten", "marc", "stacciss")
SYLLABLES = (
    "la", "ma", "ri", "glo", "a", "men", "ky", "ri", "e", "sol", "ve", "re", "tu", "the", "Lord", "and", "love", "sing", "day",
    "im", "Him", "mel", "lau", "da", "te", "Do", "mi", "num", "o", "ver", "hill", "my", "heart", "star", "Herz", "und", "nicht",
    "le", "jour",
)  # fmt: skip
_BEAM_STYLES = ("beat",) * 5 + ("half",) * 6 + ("bar",) * 4 + ("any", "none")


def decorated(dice: Dice, elements: Sequence[Element], courtesy: bool = True) -> Extras:
    """What an engraver might have drawn beside the tokens, and how.

    Args:
        dice: Chance and difficulty; at difficulty 0 there is nothing beside the tokens.
        elements: Of the tokens.
        courtesy: Whether accidentals may be drawn that are not needed.
    """
    extras = Extras(beam_style=dice.pick(_BEAM_STYLES), slashed=dice.coin(0.4))
    extras.deep_ties, extras.tied_in = dice.coin(0.35), dice.chance(0.03)
    notes = [index for index, element in enumerate(elements) if isinstance(element, Note)]
    _barlines(dice, elements, extras)
    if dice.chance(0.3):
        extras.bar_number = 2 + dice.below(9 if dice.coin() else 220)
    if dice.chance(0.06):
        direction = "up" if dice.coin() else "down"
        extras.stems = dict.fromkeys(notes, direction)
    if courtesy and dice.chance(0.1):
        signs = drawn(elements)
        free = [index for index in notes if signs[index] is None and not _tied(elements, index)]
        extras.courtesy = {index: dice.coin(0.4) for index in _some(dice, free, 0.12)}
    if not notes:
        return extras
    _on_notes(dice, elements, notes, extras)
    _words(dice, elements, notes, extras)
    return extras


def _some(dice: Dice, indices: Sequence[int], share: float) -> list[int]:
    return [index for index in indices if dice.coin(share)]


def _tied(elements: Sequence[Element], index: int) -> bool:
    """Whether a tie leads into a note."""
    before = [element for element in elements[max(0, index - 2) : index] if not isinstance(element, Barline)]
    return bool(before) and isinstance(before[-1], Tie)


def _barlines(dice: Dice, elements: Sequence[Element], extras: Extras) -> None:
    places = [index for index, element in enumerate(elements) if isinstance(element, Barline)]
    for index in places:
        toss = dice.between(0, 1)
        if index == len(elements) - 1:
            form = "end" if toss < 0.22 else "dbl" if toss < 0.3 else "rptend" if toss < 0.38 else ""
        else:
            form = "dbl" if toss < 0.03 else "rptend" if toss < 0.05 else "rptboth" if toss < 0.06 else ""
            form = form or ("rptstart" if toss < 0.075 else "dashed" if toss < 0.08 else "end" if toss < 0.085 else "")
        if form:
            extras.barlines[index] = form
    count = len(bars(elements))
    if dice.chance(0.03):
        first = dice.below(count)
        extras.volta = (first, min(count - 1, first + dice.below(2)), dice.pick(("1.", "2.", "1.-3.")))


def _on_notes(dice: Dice, elements: Sequence[Element], notes: Sequence[int], extras: Extras) -> None:
    """Slurs, articulation, ornaments, fingerings, syllables."""
    if dice.chance(0.22):
        at = dice.below(3)
        while at < len(notes) - 1:
            end = min(at + 1 + dice.below(5), len(notes) - 1)
            if _differ(elements, notes[at], notes[end]):
                extras.beside.setdefault(notes[at], []).append(f'<slur startid="#t-{notes[at]}" endid="#t-{notes[end]}"/>')
            at = end + 1 + dice.below(4)
    if dice.chance(0.16):
        kind, share = dice.pick(ARTICULATIONS), dice.between(0.1, 1)
        for index in _some(dice, notes, share):
            extras.inside[index] = f'<artic artic="{kind}"/>'
    if dice.chance(0.05):
        for index in _some(dice, notes, 0.15):
            sign = dice.pick(("trill", "mordent", "turn"))
            extras.beside.setdefault(index, []).append(f'<{sign} startid="#t-{index}"/>')
    if dice.chance(0.06):
        for index in _some(dice, notes, dice.between(0.2, 1)):
            place = "above" if dice.coin(0.7) else "below"
            extras.beside.setdefault(index, []).append(f'<fing startid="#t-{index}" place="{place}">{1 + dice.below(5)}</fing>')
    if dice.chance(0.09):
        for index in notes:
            if not _tied(elements, index) and dice.coin(0.93):
                con = ' con="d" wordpos="i"' if dice.coin(0.4) and index != notes[-1] else ""
                text = f'<verse n="1"><syl{con}>{dice.pick(SYLLABLES)}</syl></verse>'
                extras.inside[index] = extras.inside.get(index, "") + text


def _differ(elements: Sequence[Element], first: int, last: int) -> bool:
    """Whether a slur between two notes cannot be taken for a tie."""
    one, other = elements[first], elements[last]
    between = [element for element in elements[first + 1 : last] if isinstance(element, Note | Rest | Multirest)]
    return isinstance(one, Note) and isinstance(other, Note) and (bool(between) or one.pitch.diatonic != other.pitch.diatonic)


def _words(dice: Dice, elements: Sequence[Element], notes: Sequence[int], extras: Extras) -> None:
    """Dynamics and words."""
    if dice.chance(0.16):
        place = "below" if dice.coin(0.8) else "above"
        for index in {dice.pick(notes) for _ in range(1 + dice.below(3))}:
            dynamic = f'<dynam startid="#t-{index}" place="{place}">{dice.pick(DYNAMICS)}</dynam>'
            extras.beside.setdefault(index, []).append(dynamic)
    if dice.chance(0.08) and len(notes) > 2:
        first = dice.below(len(notes) - 2)
        last = min(first + 2 + dice.below(5), len(notes) - 1)
        form = "cres" if dice.coin() else "dim"
        hairpin = f'<hairpin startid="#t-{notes[first]}" endid="#t-{notes[last]}" form="{form}" place="below"/>'
        extras.beside.setdefault(notes[first], []).append(hairpin)
    if dice.chance(0.12 if any(isinstance(element, Meter) for element in elements) else 0.04):
        beats = 40 + 2 * dice.below(80)
        words = "" if dice.coin(0.25) else dice.pick(TEMPO_WORDS)
        mark = f' <rend glyph.auth="smufl">&#xECA5;</rend> = {beats}' if not words or dice.coin(0.4) else ""
        extras.beside.setdefault(notes[0], []).append(f'<tempo startid="#t-{notes[0]}">{words}{mark}</tempo>')
    if dice.chance(0.08):
        index = dice.pick(notes)
        place = "above" if dice.coin() else "below"
        extras.beside.setdefault(index, []).append(f'<dir startid="#t-{index}" place="{place}">{dice.pick(DIRECTIONS)}</dir>')


def house_style(dice: Dice, symbols: int) -> Mapping[str, object]:
    """Verovio's options for widths of lines and spacing, as engravers' houses differ; the same at any difficulty.

    Args:
        dice: Chance.
        symbols: How many stand on the line; many are set more tightly.
    """
    heavy = dice.between(0.75, 1.5)
    wide = dice.between(0.1, 0.42 if symbols < 20 else 0.3 if symbols < 35 else 0.22)
    return {
        "staffLineWidth": min(max(0.15 * heavy * dice.between(0.75, 1.35), 0.1), 0.3),
        "stemWidth": min(max(0.2 * heavy * dice.between(0.7, 1.3), 0.1), 0.5),
        "barLineWidth": min(max(0.3 * heavy * dice.between(0.6, 1.3), 0.15), 0.6),
        "ledgerLineThickness": min(max(0.25 * heavy * dice.between(0.7, 1.2), 0.12), 0.45),
        "thickBarlineThickness": dice.between(0.7, 1.5),
        "tieMidpointThickness": dice.between(0.3, 0.8),
        "slurMidpointThickness": dice.between(0.3, 0.9),
        "spacingLinear": wide,
        "spacingNonLinear": dice.between(0.45, 0.7),
        "evenNoteSpacing": dice.coin(0.05),
        "measureMinWidth": 1 + dice.below(20),
        "beamMaxSlope": dice.pick((0, 4, 7, 10, 10, 10, 14, 20)),
        "beamFrenchStyle": dice.coin(0.04),
        "graceFactor": dice.between(0.5, 0.85),
        "ledgerLineExtension": dice.between(0.35, 0.7),
        "multiRestStyle": dice.pick(("auto", "default", "block", "symbols")),
        "multiRestThickness": dice.between(1.2, 3),
        "lyricSize": dice.between(3.5, 5.5),
        "lyricTopMinMargin": dice.between(1, 4),
        "repeatBarLineDotSeparation": dice.between(0.25, 0.6),
        "barLineSeparation": dice.between(0.6, 1.2),
        "leftMarginKeySig": dice.between(0.6, 1.4),
        "leftMarginMeterSig": dice.between(0.7, 1.5),
        "rightMarginClef": dice.between(0.6, 1.6),
    }
