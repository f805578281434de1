"""Framing: how the sheet lies before the camera, and which part of it the picture shows."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.rendering import Bend, Dice, Warp, scale_and_shift, tilt
from seqrec_sheet_music.drawing import Box, around
from seqrec_sheet_music.engraving import Engraving
from seqrec_sheet_music.ink import Grey, Sheet
from seqrec_sheet_music.tokens import Barline

LEAST_SPACE_PX = 4.6
"""From one staff line to the next in the finished picture, at least."""
GRID_PX = 8
"""A bent sheet is computed exactly at every such pixel, and evenly between them."""
LONGEST = 13
"""A picture is at most so many times as wide as it is high, where it can be."""
LEAST_SENSOR_SPACE_PX = 4.8
MOST_SENSOR_HEIGHT_PX = 210
_BEYOND = 0.5  # spaces of paper that are drawn beyond what is seen

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """A view of the sheet.

    Attributes:
        sheet: The part of the paper that is drawn.
        warp: From pixels of the sheet to pixels of the sensor.
        sensor_height_px: Rows of the sensor.
        sensor_width_px: Columns of the sensor.
        width_px: Columns of the finished picture.
        space_px: From one staff line to the next on the sensor.
        goes_on: Whether the line of music runs on beyond the right edge.
        view: What is seen in units of the drawing, tilt and bend aside: left, top, right, bottom.
    """

    sheet: Sheet
    warp: Warp
    sensor_height_px: int
    sensor_width_px: int
    width_px: int
    space_px: float
    goes_on: bool
    view: Box


def music_box(engraving: Engraving) -> Box:
    """The box around staff and tokens, with stems, beams and fermatas, in units of the drawing."""
    drawing = engraving.drawing
    boxes = [box for (name, part), found in drawing.boxes.items() if part not in ("artic", "verse") for box in found]
    left, top, right, bottom = drawing.staff
    first = engraving.places[0][0]
    ends = engraving.places[-1][2] if not isinstance(engraving.elements[-1], Barline) else right
    box = around([*boxes, (first, top, max(ends, boxes[-1][2]), bottom)])
    assert box is not None
    return min(left, box[0]), box[1], box[2], box[3]


def framed(dice: Dice, engraving: Engraving, height_px: int) -> Frame:
    """A view of a staff.

    Args:
        dice: Chance and difficulty.
        engraving: What is drawn.
        height_px: Height of the finished picture; the sensor's may be lower or higher.
    """
    space = engraving.drawing.space
    left, top, right, bottom = music_box(engraving)
    closed = isinstance(engraving.elements[-1], Barline)
    goes_on = dice.coin(0.15) if closed else dice.coin(0.7)
    width, height = right - left, bottom - top
    centre = ((left + right) / 2, (top + bottom) / 2)
    plane = Warp(centre, _bend(dice, width, space), _tilt(dice, width, height, space))
    moved = plane.forward(_rim((left, top, right, bottom)))
    (x0, y0), (x1, y1) = moved.min(axis=0), moved.max(axis=0)
    before, behind = _room_beside(dice, goes_on, width / space)
    above, below = _room_above_and_below(dice, (y1 - y0) / space, (x1 - x0) / space + before + behind, height_px)
    x0, y0, x1, y1 = x0 - before * space, y0 - above * space, x1 + behind * space, y1 + below * space

    final = height_px / (y1 - y0)
    sensor = _sensor_scale(dice, final, space, height_px)
    sensor_height, sensor_width = max(8, round((y1 - y0) * sensor)), max(8, round((x1 - x0) * sensor))
    to_sensor = scale_and_shift(sensor_width / (x1 - x0), sensor_height / (y1 - y0))
    whole = plane.followed_by(to_sensor @ scale_and_shift(1, 1, -x0, -y0))

    seen = whole.backward(_rim((0, 0, sensor_width, sensor_height)))
    (a, b), (c, d) = seen.min(axis=0) - _BEYOND * space, seen.max(axis=0) + _BEYOND * space
    sheet = Sheet(max(8, round((d - b) * sensor)), max(8, round((c - a) * sensor)), sensor, float(a), float(b))
    middle = ((centre[0] - a) * sensor, (centre[1] - b) * sensor)
    on_sheet = Warp(middle, whole.bend.scaled(sensor), whole.matrix @ scale_and_shift(1 / sensor, 1 / sensor))
    view = (centre[0] + x0, centre[1] + y0, centre[0] + x1, centre[1] + y1)
    finished = max(8, round((x1 - x0) * final))
    return Frame(sheet, on_sheet, sensor_height, sensor_width, finished, space * sensor, goes_on, view)


def _rim(box: Box) -> Points:
    """Points along the edges of a box, (n, 2)."""
    left, top, right, bottom = box
    t = np.linspace(0, 1, 9)
    x, y = left + (right - left) * t, top + (bottom - top) * t
    sides = [(x, np.full_like(x, top)), (x, np.full_like(x, bottom)), (np.full_like(y, left), y), (np.full_like(y, right), y)]
    return np.concatenate([np.stack(side, axis=1) for side in sides])


def _tilt(dice: Dice, width: float, height: float, space: float) -> npt.NDArray[np.float64]:
    """Long staves turn less: what counts is how far their ends move."""
    ends = 2 * space / width
    turn = dice.around(0.35, 1.0) * ends if dice.chance(0.8) else 0.0
    if dice.chance(0.06):
        turn = dice.around(2, 4.5) * ends
    return tilt(
        stretch=float(np.exp(dice.around(0.1, 0.3))),
        shear=dice.around(0.03, 0.09) if dice.chance(0.4) else 0.0,
        slope=dice.around(0.4, 1.2) * ends if dice.chance(0.25) else 0.0,
        turn_deg=float(np.degrees(turn)),
        perspective_x=dice.around(0.06, 0.18) / width if dice.chance(0.5) else 0.0,
        perspective_y=dice.around(0.04, 0.12) / height if dice.chance(0.3) else 0.0,
    )


def _bend(dice: Dice, width: float, space: float) -> Bend:
    """Paper that is not flat: an arc as beside a book's spine, or a wave."""
    if not dice.chance(0.4):
        return Bend()
    if dice.coin(0.5):
        sag = dice.around(0.6, 2) * min(space, 0.03 * width)
        return Bend(curvature=8 * sag / width**2)
    length = max(width * dice.between(0.4, 2), 24 * space)
    return Bend(0.0, dice.strength(0.08, 0.6) * space, length, dice.between(0, 2 * np.pi))


def _room_above_and_below(dice: Dice, music: float, length: float, height_px: int) -> tuple[float, float]:
    """Spaces of paper above and below so many spaces of music, more where the picture would be too long for its height."""
    toss = dice.between(0, 1)
    share = dice.between(0.02, 0.12) if toss < 0.3 else dice.between(0.08, 0.4) if toss < 0.75 else dice.between(0.35, 0.62)
    highest = height_px / LEAST_SPACE_PX
    room = max(0.5, min(max(music * share / (1 - share), length / LONGEST - music), highest - music))
    part = min(max(0.5 + dice.around(0.16, 0.4), 0.1), 0.9)
    return room * part, room * (1 - part)


def _room_beside(dice: Dice, goes_on: bool, length: float) -> tuple[float, float]:
    """Spaces of paper on the left and right of so many spaces of music."""
    before = dice.between(-0.2, 2.5) if dice.coin(0.7) else dice.between(2.5, 11)
    if goes_on:
        return before, dice.between(-0.1, 3)
    if dice.chance(0.08):
        return before, dice.between(0.1, 0.45) * length
    return before, dice.between(0, 2.5) if dice.coin(0.7) else dice.between(2.5, 9)


def _sensor_scale(dice: Dice, final: float, space: float, height_px: int) -> float:
    """Pixels of the sensor per unit."""
    if not dice.chance(0.9):
        return final
    factor = float(np.exp(max(dice.around(0.33, 0.6) + 0.22, -0.4)))
    factor = max(factor, LEAST_SENSOR_SPACE_PX / (space * final))
    return final * min(factor, MOST_SENSOR_HEIGHT_PX / height_px)


def seen(sheet: Grey, frame: Frame) -> Grey:
    """The sheet as it lies before the camera, (H, W) of the sensor, uint8."""
    height, width = frame.sensor_height_px, frame.sensor_width_px
    warp = frame.warp
    if warp.bend.is_flat:
        return warp.picture(sheet, height, width)
    rows, columns = -(-height // GRID_PX) + 1, -(-width // GRID_PX) + 1
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64) * GRID_PX
    points = warp.backward(np.stack([x.ravel(), y.ravel()], axis=1)).astype(np.float32) - 0.5
    across, down = (_between(points[:, axis].reshape(rows, columns), height, width) for axis in (0, 1))
    return np.asarray(cv2.remap(sheet, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)


def _between(grid: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    """A coarse grid of numbers at every pixel's centre, evenly between its points, (height, width)."""
    to_grid = np.array([[1 / GRID_PX, 0, 0.5 / GRID_PX], [0, 1 / GRID_PX, 0.5 / GRID_PX]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(grid, to_grid, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)
