"""Random canonical staves over the whole scope, for property tests."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from seqrec_sheet_music.alphabets import CLEFS, DURATIONS, GRACES, HELD, METERS
from seqrec_sheet_music.staff import Bar, Event, Staff, tokens_of
from seqrec_sheet_music.tokens import HIGHEST_STEP, LOWEST_STEP, Clef, Grace, Key, Meter, Multirest, Note, Pitch, Rest

settings.register_profile("sheet-music", deadline=None, derandomize=True, max_examples=60)  # machines are shared, seeds explicit
settings.load_profile("sheet-music")

_VALUES = [(value, fermata) for value in DURATIONS for fermata in ((False, True) if value in HELD else (False,))]


@st.composite
def _pitches(draw: st.DrawFn, clef: Clef) -> Pitch:
    return Pitch(clef.bottom + draw(st.integers(LOWEST_STEP, HIGHEST_STEP)), draw(st.integers(-1, 1)))


@st.composite
def _events(draw: st.DrawFn, clef: Clef, tied: Pitch | None) -> Event:
    """A note or rest; the note of a pitch to which a tie leads."""
    value, fermata = draw(st.sampled_from(_VALUES))
    if tied is None and draw(st.integers(0, 3)) == 0:
        return Event(Rest(value, fermata))
    graces = [] if tied else draw(st.lists(st.builds(Grace, _pitches(clef), st.sampled_from(GRACES)), max_size=2))
    note = Note(tied or draw(_pitches(clef)), value, fermata)
    return Event(note, tuple(graces), draw(st.integers(0, 3)) == 0)


@st.composite
def _staves(draw: st.DrawFn) -> list[str]:
    """Tokens of any clef, key and meter, bars of any length, ties, grace notes, multirests, with or without a last barline."""
    clef = draw(st.sampled_from(CLEFS))
    key, meter = Key(draw(st.integers(-7, 7))), draw(st.none() | st.sampled_from(METERS))
    bars: list[Bar] = []
    tied: Pitch | None = None
    for _ in range(draw(st.integers(1, 4))):
        found: list[Event] = []
        if tied is None and draw(st.integers(0, 5)) == 0:
            found = [Event(Multirest(draw(st.integers(2, 99))))]
        else:
            for _ in range(draw(st.integers(1, 6))):
                found.append(draw(_events(clef, tied)))
                last = found[-1].element
                tied = last.pitch if isinstance(last, Note) and found[-1].tied else None
        bars.append(Bar(tuple(found)))
    return tokens_of(Staff(clef, key, Meter(meter) if meter else None, tuple(bars), draw(st.booleans())))


@pytest.fixture(scope="session")
def staves() -> st.SearchStrategy[list[str]]:
    """Canonical tokens of staves; a test draws from it what it needs."""
    return _staves()


def _schemas() -> list[tuple[str, Any]]:
    """MusicXML's schema, with local copies of the two that it imports by http."""
    xmlschema = pytest.importorskip("xmlschema", reason="xmlschema is not installed")
    from importlib.util import find_spec

    known = Path(xmlschema.__file__).parent / "schemas"
    local = {
        "http://www.w3.org/XML/1998/namespace": str(known / "XML" / "xml.xsd"),
        "http://www.w3.org/1999/xlink": str(known / "XLINK" / "xlink.xsd"),
    }
    found = []
    for package, path in (("music21", "musicxml/musicxml.xsd"), ("musicxml", "generate_classes/musicxml_4_0.xsd")):
        spec = find_spec(package)
        file = Path(spec.origin).parent / path if spec and spec.origin else None
        if file and file.exists():
            text = file.read_text(encoding="utf-8")
            for place in ("xml.xsd", "xlink.xsd"):  # named by http: where the local ones lie is said below
                text = text.replace(f'schemaLocation="http://www.musicxml.org/xsd/{place}"', "")
            found.append((path, xmlschema.XMLSchema(text, locations=local, allow="local")))
    return found


@pytest.fixture(scope="session")
def valid() -> Callable[[str], None]:
    """Raises where a text is no valid MusicXML."""
    found = _schemas()
    if not found:
        pytest.skip("no installed package carries the MusicXML schema")

    def check(text: str) -> None:
        for path, schema in found:
            old = path == "musicxml/musicxml.xsd"  # version 2.0, which has all but one attribute
            schema.validate(text.replace(' measure="yes"', "") if old else text)

    return check


@pytest.fixture
def dev_photos() -> Callable[[], Path]:
    """Where the photographed staves lie; skips where they are not there."""

    def folder() -> Path:
        found = os.environ.get("SEQREC_DEV_DATA")
        if not found:
            pytest.skip("SEQREC_DEV_DATA is not set")
        return Path(found) / "staff-photos-dev"

    return folder
