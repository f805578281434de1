"""What tokens are made of, for a head whose weights for a symbol are sums of its parts' weights."""

from seqrec_sheet_music.tokens import ACCIDENTALS, Grace, Meter, Multirest, Note, Rest, parse


def parts(token: str) -> tuple[str, ...]:
    """What a token is made of: its kind and whatever else it says, each piece shared by all tokens that say the same.

    No two tokens have the same parts. Clefs, keys, barline and tie are one part each.

    Raises:
        MusicError: The token is none of this encoding.

    Example:
        >>> parts("note-F#4_quarter._fermata")
        ('note', 'place:F4', 'alter:#', 'value:quarter', 'dots:1', 'fermata')
        >>> parts("multirest-23")
        ('multirest', 'tens:2', 'ones:3')
    """
    element = parse(token)
    if isinstance(element, Multirest):
        digits = str(element.bars)[::-1]
        names = ("ones", "tens", "hundreds", "thousands")
        return ("multirest", *(f"{name}:{digit}" for name, digit in reversed(list(zip(names, digits, strict=False)))))
    if isinstance(element, Meter) and element.sign not in ("C", "C/"):
        top, bottom = element.fraction
        return ("meter", f"top:{top}", f"bottom:{bottom}")
    if not isinstance(element, Note | Grace | Rest):
        return (token,)
    found = [token.partition("-")[0]]
    if not isinstance(element, Rest):
        found += [f"place:{element.pitch.letter}{element.pitch.octave}"]
        found += [f"alter:{ACCIDENTALS[element.pitch.alter]}"] * bool(element.pitch.alter)
    found += [f"value:{element.value.name}"] + [f"dots:{element.value.dots}"] * bool(element.value.dots)
    return (*found, *["fermata"] * (not isinstance(element, Grace) and element.fermata))
