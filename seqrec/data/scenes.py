"""Words in whole scenes: a store that cuts each from its picture when it is read."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from seqrec.data.store import FileStore, OwnLexicons
from seqrec.errors import DataError, nearest
from seqrec.interfaces import Store

Cut = Literal["box", "upright"]
"""`box`: the smallest upright rectangle around a word; `upright`: its quadrilateral, warped to a rectangle."""

_KEPT_SCENES = 2  # decoded, since the words of one scene are read one after the other

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Region:
    """A word in a scene.

    Attributes:
        scene: Path of the picture.
        corners: Four (x, y) in pixels, from the word's top left on clockwise as it is read.
        label: What it says.
        number: Which of the scene's regions it is, from 1.
    """

    scene: str
    corners: Corners
    label: str
    number: int


def rectangle(x: float, y: float, width: float, height: float) -> Corners:
    """Corners of an upright rectangle."""
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def cut_of(name: str) -> Cut:
    """The way to cut of that name.

    Raises:
        DataError: There is none.
    """
    for known in get_args(Cut):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise DataError(f"no way to cut words out of scenes is called '{name}'{nearest(name, list(get_args(Cut)))}")


class SceneStore:
    """Words cut from scenes. Their pictures are encoded anew, as PNG: there are no bytes of their own to keep.

    Args:
        scenes: Opens the scenes' files.
        regions: The words, those of one scene together.
        left_out: Regions that say themselves that nobody can read them: name and reason.
        cut: How to cut.
        lexicons: Columns of the words' own lexicons.
    """

    def __init__(
        self,
        scenes: FileStore,
        regions: Sequence[Region],
        left_out: Sequence[tuple[str, str]] = (),
        cut: Cut = "box",
        lexicons: OwnLexicons = (),
    ) -> None:
        self.scenes, self.regions, self.left_out, self.cut, self.lexicons = scenes, regions, left_out, cut, lexicons
        self.folder = scenes.folder
        self._decoded: OrderedDict[str, npt.NDArray[np.uint8]] = OrderedDict()

    def with_cut(self, cut: Cut) -> "SceneStore":
        """The same words, cut otherwise."""
        return SceneStore(self.scenes, self.regions, self.left_out, cut, self.lexicons)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_decoded": OrderedDict()}

    def __len__(self) -> int:
        return len(self.regions)

    def key(self, index: int) -> str:
        """Path of the scene, and which of its regions: `img/00_01.jpg#2`."""
        region = self.regions[index]
        return f"{region.scene}#{region.number}"

    def label(self, index: int) -> str:
        """Label of a word."""
        return self.regions[index].label

    def encoded(self, index: int) -> bytes:
        """The word's picture as a PNG.

        Raises:
            DataError, ImageError: The scene is missing or broken, or the word lies outside of it.
        """
        from seqrec.pictures import encode_png  # here and below: commands that decode no picture start without OpenCV

        region = self.regions[index]
        scene = self._scene(region.scene)
        piece = cut_box(scene, region.corners) if self.cut == "box" else cut_upright(scene, region.corners)
        if piece is None:
            height, width = scene.shape[:2]
            shown = " ".join(f"{x:g},{y:g}" for x, y in region.corners)
            raise DataError(
                f"sample '{self.key(index)}': its corners {shown} leave nothing of a scene of {width}×{height} pixels"
            )
        return encode_png(piece)

    def _scene(self, path: str) -> npt.NDArray[np.uint8]:
        from seqrec.pictures import open_colour

        scene = self._decoded.pop(path, None)
        if scene is None:
            scene = open_colour(self.scenes.read(path), path)
        self._decoded[path] = scene
        while len(self._decoded) > _KEPT_SCENES:
            self._decoded.popitem(last=False)
        return scene


def cut_box(scene: npt.NDArray[np.uint8], corners: Corners) -> npt.NDArray[np.uint8] | None:
    """The smallest upright rectangle of whole pixels around some corners, as far as it lies in the scene; None for nothing."""
    points = np.array(corners, np.float64)
    if not np.isfinite(points).all():
        return None
    height, width = scene.shape[:2]
    left, top = np.clip(np.floor(points.min(0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(points.max(0)), 0, (width, height)).astype(int)
    return None if right <= left or bottom <= top else scene[top:bottom, left:right]


def cut_upright(scene: npt.NDArray[np.uint8], corners: Corners) -> npt.NDArray[np.uint8] | None:
    """A quadrilateral, warped to a rectangle of its longer sides; what lies outside the scene is continued; None for nothing."""
    import cv2

    points = np.array(corners, np.float32)
    if not np.isfinite(points).all() or cut_box(scene, corners) is None:
        return None
    sides = np.linalg.norm(points - np.roll(points, -1, 0), axis=1)
    width, height = round(float(max(sides[0], sides[2]))), round(float(max(sides[1], sides[3])))
    if not (0 < width <= 4 * max(scene.shape) and 0 < height <= 4 * max(scene.shape)):
        return None
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(points - np.float32(0.5), target - np.float32(0.5))  # OpenCV counts from pixels' middles
    warped = cv2.warpPerspective(scene, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def with_cut(store: Store, cut: str) -> SceneStore:
    """A store whose words are cut in the way of that name.

    Raises:
        DataError: There is no such way, or the store holds no scenes.
    """
    if not isinstance(store, SceneStore):
        raise DataError(f"--crop {cut}: this data set holds pictures of single words, nothing is to be cut; leave the option out")
    return store.with_cut(cut_of(cut))
