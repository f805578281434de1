"""The tasks as they are offered: options, protocols, metrics, grammars."""

import pytest

from seqrec import Reading
from seqrec.decoding import BeamDecoder
from seqrec_sheet_music import sheet_music, sheet_music_pitch
from seqrec_sheet_music.alphabets import pitches, read_tokens, semantic
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.metrics import music_error_rate, pitch_error_rate, rhythm_error_rate, share_of_full_bars
from seqrec_sheet_music.protocols import without_ties

LABEL = read_tokens("clef-G2 note-D5_quarter note-C5_quarter barline note-G4_half tie barline note-G4_half barline")
READ = read_tokens("clef-G2 note-D5_quarter note-B4_eighth barline note-G4_half barline note-G4_half barline")


def test_meter_reaches_fields_metrics_and_grammars() -> None:
    task = sheet_music().configured({"meter": "2/4"})
    assert task.finish is not None
    fields = task.finish(Reading(tuple(READ), "", 1.0))
    assert fields["meter"] == {"sign": "2/4", "from": "given"}
    assert [option.name for option in task.options] == ["meter", "join"]
    (bars,) = [metric for metric in task.metrics if metric.name == "bars that add up"]
    assert bars.count(["clef-G2", "note-C4_half.", "barline", "note-C4_half.", "barline"], []) == (0, 2)
    (plain,) = [metric for metric in sheet_music().metrics if metric.name == "bars that add up"]
    assert plain.count(["clef-G2", "note-C4_half.", "barline", "note-C4_half.", "barline"], []) == (2, 2)
    with pytest.raises(MusicError, match="meter '5/3' is not one that is read"):
        sheet_music().configured({"meter": "5/3"})


def test_metrics_are_the_rates_of_the_module() -> None:
    counted = {metric.name: metric.count(READ, LABEL) for metric in sheet_music().metrics}
    assert {name: amount / whole for name, (amount, whole) in counted.items()} == pytest.approx(
        {
            "pitch errors": pitch_error_rate([READ], [LABEL]),
            "rhythm errors": rhythm_error_rate([READ], [LABEL]),
            "errors but for ties": music_error_rate([READ], [LABEL]),
            "bars that add up": share_of_full_bars([READ]),
            "average edit distance": 2.0,
        }
    )


def test_protocols_leave_ties_out_or_everything_but_pitches() -> None:
    ties, pitch = sheet_music().protocols
    assert ties.alphabet is without_ties
    assert without_ties.reduce("\t".join(LABEL)).split("\t") == [token for token in LABEL if token != "tie"]
    assert pitch.alphabet is not None
    assert pitch.alphabet.symbols == pitches.symbols
    assert pitch.alphabet.reduce("\t".join(LABEL)).split("\t") == ["D5", "C5", "G4", "G4"]
    assert pitch.alphabet.reduce("D5\tC5") == "D5\tC5"
    assert sheet_music_pitch().protocols == (pitch,)


def test_grammars_are_made_for_every_alphabet_of_tokens() -> None:
    for make in sheet_music().grammars.values():
        for alphabet in (semantic, without_ties):
            BeamDecoder(grammars=[(make(alphabet), 1.0)])
