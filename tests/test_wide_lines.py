"""Lines wider than the network sees at a time, and batches of pictures of all widths."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqrec.alphabet import Alphabet
from seqrec.decoding import greedy
from seqrec.engines.torch_engine import TorchEngine
from seqrec.plugins import Registry
from seqrec.recipe import PictureRecipe
from seqrec.recognizer import Recognizer, load
from seqrec.testing.bars import BarRenderer
from seqrec.views import Showing, batches, windows
from seqrec.wide_lines import WIDEST_PX, joined, wide_posteriors, windows_px


@given(st.integers(WIDEST_PX // 4 + 1, 10_000), st.sampled_from([(4, 4.0), (4, 8.0), (8, 2.0), (2, 3.0), (4, 2.5), (1, 1.0)]))
def test_windows_cover_the_line_overlap_and_begin_with_a_frame(quarters: int, steps: tuple[int, float]) -> None:
    step, frame = steps
    width = quarters * 4 // step * step
    spans = windows_px(width, step, frame)
    assert spans[0][0] == 0
    assert spans[-1][1] == width
    for start, stop in spans:
        assert start % step == 0
        assert (start / frame).is_integer()
        assert stop - start < WIDEST_PX + 100
    for (_, stop), (start, _) in zip(spans, spans[1:], strict=False):
        assert stop - start >= 500


@given(st.integers(60, 400), st.integers(0, 2**32 - 1))
def test_windows_of_one_sequence_are_joined_to_that_sequence(frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = np.log(rng.dirichlet(np.ones(4), frames)).astype(np.float32)
    firsts, stops = [0], []
    while True:
        stops.append(min(firsts[-1] + int(rng.integers(30, 60)), frames))
        if stops[-1] == frames:
            break
        firsts.append(stops[-1] - int(rng.integers(8, 20)))
    parts = [whole[first:stop] for first, stop in zip(firsts, stops, strict=True)]
    np.testing.assert_array_equal(joined(parts, firsts), whole)


@pytest.fixture(scope="module")
def reader(tiny_model: Path, plugins: Registry) -> Recognizer:
    return load(tiny_model, plugins=plugins, device="cpu")


def long_line(width: int) -> npt.NDArray[np.uint8]:
    """Bars side by side, brighter from left to right."""
    pieces, total = [], 0
    while total < width:
        pieces.append(BarRenderer().render(np.random.default_rng(len(pieces))).image)
        total += pieces[-1].shape[1]
    line = np.concatenate(pieces, 1)[:, :width]
    return (line * np.linspace(0.4, 1, width)).astype(np.uint8)


@dataclasses.dataclass
class Watched:
    """An engine that remembers how much it was given at a time."""

    engine: TorchEngine
    alphabet: Alphabet
    most_px: int = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)

    def run(self, images: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.most_px = max(self.most_px, images.size // 32)
        return self.engine.run(images, widths)

    def frames(self, images: np.ndarray, levels: np.ndarray) -> np.ndarray:
        self.most_px = max(self.most_px, images.size // 32)
        return self.engine.frames(images, levels)


@pytest.mark.parametrize("width", [WIDEST_PX + 4, 7000, 15_000])
def test_wide_line_is_read_as_in_one_piece(reader: Recognizer, width: int) -> None:
    line = long_line(width)
    whole, lengths = reader.engine.run(line[None, None], np.array([width]))
    pieces = wide_posteriors(reader.engine, line)
    assert pieces.shape == (lengths[0], whole.shape[2])
    np.testing.assert_allclose(pieces, whole[:, 0], rtol=0, atol=1e-4)
    watched = Watched(reader.engine, reader.engine.alphabet)  # type: ignore[arg-type]
    found = dataclasses.replace(reader, engine=watched).read(line)
    assert list(found.symbols) == reader.alphabet.decode(greedy(whole[:, 0]).ids)
    assert len(found.symbols) > width / 100
    assert watched.most_px < WIDEST_PX + 100


def test_line_of_the_widest_in_one_piece_is_read_in_one_piece(reader: Recognizer) -> None:
    watched = Watched(reader.engine, reader.engine.alphabet)  # type: ignore[arg-type]
    dataclasses.replace(reader, engine=watched).read(long_line(WIDEST_PX))
    assert watched.most_px == WIDEST_PX


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 2000)), min_size=1, max_size=60))
@example([(1, 1), (2, 1), (2, 1), (6, 20), (6, 20)])  # nine views of 100 and 108 pixels
def test_batches_hold_every_view_once_within_their_bounds(sizes: list[tuple[int, int]]) -> None:
    sources = [(str(place), np.zeros(size, np.uint8)) for place, size in enumerate(sizes)]
    (window,) = windows(iter(sources), Showing(PictureRecipe(max_width_px=100_000), 4, turn_tall=True))
    found = list(batches(window.shown))
    places = sorted((one.place, one.view.degrees) for batch in found for one in batch)
    assert places == sorted((one.place, one.view.degrees) for one in window.shown)
    for batch in found:
        widths = [one.view.input_px for one in batch]
        assert len(batch) == 1 or (max(widths) <= WIDEST_PX and len(batch) * max(widths) <= 6400)
        assert max(widths) == min(widths) or (max(widths) <= 1.25 * min(widths) and len(batch) <= 8)
