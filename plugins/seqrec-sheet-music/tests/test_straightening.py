"""Staff lines are found where they were drawn, and straightened pictures show them at the rows where readers expect them."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.rendering import Dice
from seqrec_sheet_music import engraving, renderer
from seqrec_sheet_music.composer import Wishes, compose
from seqrec_sheet_music.engraving import FONTS
from seqrec_sheet_music.framing import framed, seen
from seqrec_sheet_music.renderer import SheetMusicRenderer
from seqrec_sheet_music.staff_lines import Grey, Numbers, StaffLines, find_staff
from seqrec_sheet_music.straightening import ANOTHER, HEIGHT_PX, SPACE_PX, STRETCH, bright_on_dark, straightened


def ruled(width: int, height: int, middle: Numbers, space: float, thick: float = 1.2) -> Grey:
    """Five dark lines on paper; y of the middle one for each column."""
    y = np.arange(height)[:, None]
    page = np.full((height, width), 235.0)
    for line in range(-2, 3):
        page -= 190 * np.clip(thick / 2 + 0.5 - np.abs(y - (middle + line * space)[None, :]), 0, 1)
    return np.clip(page, 0, 255).astype(np.uint8)


def at(lines: StaffLines, x: Numbers) -> tuple[Numbers, Numbers]:
    return np.interp(x, lines.x, lines.middle), np.interp(x, lines.x, lines.space)


@given(
    height=st.sampled_from([64, 96, 150, 400]),
    share=st.floats(0.055, 0.2),
    slope=st.floats(-0.06, 0.06),
    sag=st.floats(-0.04, 0.04),
    seed=st.integers(0, 99),
)
def test_lines_are_found_at_any_size_slope_and_curve(height: int, share: float, slope: float, sag: float, seed: int) -> None:
    space, width = share * height, 5 * height
    along = np.linspace(-1, 1, width)
    room = height / 2 - 2.6 * space
    middle = height / 2 + np.clip(slope * height * 2.5 * along + sag * height * 2 * (along**2 - 0.3), -room, room)
    picture = ruled(width, height, middle, space, 0.15 * space)
    noise = np.random.default_rng(seed).normal(0, 6, picture.shape)
    lines = find_staff(np.clip(picture + noise, 0, 255).astype(np.uint8))
    assert lines is not None
    x = np.linspace(0.1 * width, 0.9 * width, 30)
    found, spaces = at(lines, x)
    assert np.abs(found - np.interp(x, np.arange(width), middle) - 0.5).max() < 0.5 * space
    assert np.median(np.abs(found - np.interp(x, np.arange(width), middle) - 0.5)) < 0.15 * space
    assert spaces == pytest.approx(np.full(30, space), rel=0.06)


def drawn(number: int, difficulty: float) -> tuple[Grey, Numbers, Numbers]:
    """A practice picture, and points (x, y) of its lowest and its highest staff line."""
    dice = Dice(np.random.default_rng(number), difficulty)
    tokens = compose(dice.rng, Wishes(bars=(1, 4)))
    staff = engraving.engraved(tokens, FONTS[number % len(FONTS)], dice=dice)
    frame = framed(dice, staff, 96)
    sheet = renderer._printed(staff, frame, FONTS[0], dice)
    view = renderer.camera.photographed(renderer.camera.lit(seen(sheet, frame), dice), dice, frame.space_px)
    left, top, right, bottom = staff.drawing.staff
    x = np.linspace(left, right, 50)
    found = []
    for y in (bottom, top):
        flat = (np.stack([x, np.full_like(x, y)], 1) - (frame.sheet.x, frame.sheet.y)) * frame.sheet.scale
        found.append(frame.warp.forward(flat))
    return view, found[0], found[1]


def test_lines_of_practice_pictures_are_found_where_they_were_drawn() -> None:
    right = 0
    for number in range(60):
        picture, low, high = drawn(number, 1.0)
        lines = find_staff(picture)
        if lines is None:
            continue
        inside = (low[:, 0] > lines.start) & (low[:, 0] < lines.stop)
        middle, space = at(lines, (low + high)[inside, 0] / 2)
        true_space = np.median(low[inside, 1] - high[inside, 1]) / 4
        away = np.abs(middle - (low + high)[inside, 1] / 2)
        right += bool(np.percentile(away, 90) < 0.4 * true_space and abs(np.median(space) / true_space - 1) < 0.08)
    assert right >= 59


@pytest.mark.parametrize("beams", [1, 2, 3])
@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("away", [0.7, 0.85, 1.0])
def test_level_beams_beside_a_staff_are_not_taken_for_its_lines(beams: int, side: int, away: float) -> None:
    """As thick as engravers draw them, at the distance of a sixth line and within the staff."""
    space, middle = 8.0, 60
    picture = ruled(700, 120, np.full(700, float(middle)), space, 1.2)
    for beam in range(beams):
        y = middle + side * space * (2 + away - 0.75 * beam)
        picture[round(y - space / 4) : round(y + space / 4), 200:520] = 20
    for x in range(200, 521, 40):
        picture[middle : round(middle + side * 3 * space) : side, x : x + 2] = 20
    lines = find_staff(picture)
    assert lines is not None
    assert np.abs(lines.middle - middle - 0.5).max() < 0.2 * space


def test_straightened_lines_lie_level_at_the_readers_rows() -> None:
    width, space = 700, 13.0
    middle = 70 + 12 * np.sin(np.linspace(0, 3, width))
    prepared = straightened(ruled(width, 140, middle, space, 2.0))
    assert prepared.image.shape[0] == HEIGHT_PX
    assert prepared.image.shape[1] == pytest.approx(prepared.width_px * SPACE_PX * STRETCH / space, rel=0.05)
    rows = HEIGHT_PX / 2 + SPACE_PX * np.arange(-2, 3) - 0.5
    for column in range(40, prepared.image.shape[1] - 40, 25):
        profile = prepared.image[:, column : column + 8].mean(1)
        darkest = [row - 1 + int(profile[row - 1 : row + 2].argmin()) for row in map(round, rows.tolist())]
        assert np.abs(np.array(darkest) - rows).max() <= 1.01
        assert profile[darkest].max() < 200 < profile[:10].min()


def test_bright_notes_on_dark_paper_are_shown_as_their_negative() -> None:
    for number in range(60):
        picture = SheetMusicRenderer(validation=number % 2 == 0).render(np.random.default_rng([31, number])).image
        assert not bright_on_dark(picture)
        assert bright_on_dark(255 - picture)
        assert (straightened(255 - picture).image == straightened(picture).image).all()


def test_places_keep_their_order_and_stay_in_the_picture() -> None:
    cut = 0
    for number in range(40):
        sample = SheetMusicRenderer().render(np.random.default_rng(number))
        prepared = straightened(sample.image)
        assert sample.boxes is not None
        assert prepared.start_px >= 0
        assert prepared.start_px + prepared.width_px <= sample.image.shape[1] + 1e-6
        middles = sample.boxes.mean(1)
        cut += bool((middles < prepared.start_px).any() or (middles > prepared.start_px + prepared.width_px).any())
    assert cut <= 2


@pytest.mark.parametrize("picture", [np.full((96, 400), 255, np.uint8), np.zeros((1, 1), np.uint8), np.zeros((3, 900), np.uint8)])
def test_a_picture_without_a_staff_is_shown_whole(picture: Grey) -> None:
    assert find_staff(picture) is None
    prepared = straightened(picture)
    assert prepared.image.shape[0] == HEIGHT_PX
    assert (prepared.start_px, prepared.width_px) == (0, picture.shape[1])


def test_a_second_staff_is_noticed_and_the_edge_of_one_is_not() -> None:
    width, space = 900, 8.0
    one = ruled(width, 120, np.full(width, 60.0), space)
    two = ruled(width, 120, np.full(width, 62.0), space)
    for picture, another in ((one, False), (np.vstack([one, two]), True), (np.vstack([one, two[:65]]), False)):
        lines = find_staff(picture)
        assert lines is not None
        assert lines.another == another
        assert straightened(picture).remark == another * ANOTHER


def test_no_practice_picture_is_taken_for_two_staves() -> None:
    found = [find_staff(SheetMusicRenderer().render(np.random.default_rng(number)).image) for number in range(60)]
    assert not any(lines is not None and lines.another for lines in found)


def test_noise_and_a_single_line_are_no_staff() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 500)).astype(np.uint8)
    assert find_staff(cv2.GaussianBlur(noise, (5, 5), 1.5)) is None
    one = np.full((96, 500), 255, np.uint8)
    one[50:52] = 0
    assert find_staff(one) is None
