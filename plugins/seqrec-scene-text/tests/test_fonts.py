"""Every typeface is there, may be given away, and draws what it says it draws."""

import pytest

from seqrec.errors import DataError
from seqrec_scene_text.fonts import FOLDER, SHARES, Face, faces, families

OPEN_LICENSES = {"OFL-1.1", "Apache-2.0", "UFL-1.0"}


@pytest.mark.parametrize("face", faces(), ids=lambda face: face.font.path.stem)
def test_a_listed_face_exists_and_has_an_open_licence(face: Face) -> None:
    assert face.font.path.is_file()
    assert face.license in OPEN_LICENSES
    assert face.category in SHARES


def test_every_file_is_listed() -> None:
    assert {path.name for path in FOLDER.glob("*.woff2")} == {face.font.path.name for face in faces()}


def test_no_family_is_in_training_and_validation() -> None:
    training = {face.family_id for face in faces() if not face.held_out}
    validation = {face.family_id for face in faces() if face.held_out}
    assert training
    assert validation
    assert not training & validation


def test_a_font_draws_every_character_that_is_not_missing() -> None:
    for face in faces()[::5]:
        for code in range(33, 127):
            if face.font.can_draw(chr(code)):
                assert face.font.has_ink(chr(code)), (face.font.path.name, chr(code))


def test_few_families_are_always_the_same_ones() -> None:
    def names(count: int) -> set[str]:
        return {font.family for _, group in families(False, count) for fonts in group for font in fonts}

    assert len(names(10)) == 10
    assert names(10) < names(40) < names(0)


def test_a_missing_list_is_named(tmp_path: object) -> None:
    with pytest.raises(DataError, match=r"fonts\.json"):
        faces(tmp_path)  # type: ignore[arg-type]
