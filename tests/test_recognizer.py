"""The Recognizer: whatever a picture comes as, alone or among others, plain or odd."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seqrec.decoding import greedy
from seqrec.errors import AlphabetError, ImageError, ModelFileError, PluginError, RecipeError, SeqrecError
from seqrec.interfaces import Picture
from seqrec.model_file import read_card, read_weights, save_model
from seqrec.pictures import encode_png, fit_height
from seqrec.plugins import Registry, build_registry
from seqrec.reading import Reading
from seqrec.recognizer import Recognizer, load
from seqrec.testing.bars import LOW_BARS, BarRenderer


@pytest.fixture(scope="module")
def reader(tiny_model: Path, plugins: Registry) -> Recognizer:
    return load(tiny_model, plugins=plugins, device="cpu")


def picture(seed: int = 0, height: int = 32, width: int = 120) -> Picture:
    """Noise in large spots, which random weights read as something."""
    small = np.random.default_rng(seed).integers(0, 256, (max(height // 4, 1), max(width // 6, 1)), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def same(one: Reading, other: Reading) -> bool:
    """The same symbols at the same places, with probabilities equal but for the order of sums."""
    return (
        (one.symbols, one.text, one.turned) == (other.symbols, other.text, other.turned)
        and np.isclose(one.confidence, other.confidence, atol=1e-4)
        and np.allclose(one.symbol_confidences, other.symbol_confidences, atol=1e-4)
        and one.spans == other.spans
    )


def test_path_bytes_pillow_and_array_read_the_same(reader: Recognizer, tmp_path: Path) -> None:
    grey = picture(1)
    path = tmp_path / "word.png"
    path.write_bytes(encode_png(grey))
    sources = [path, str(path), path.read_bytes(), Image.fromarray(grey), grey, np.stack([grey] * 3, 2)]
    readings = reader.read(list(sources))
    assert len(readings) == 6
    assert readings[0].text
    assert all(same(reading, readings[0]) for reading in readings)
    assert same(reader.read(path), readings[0])


def test_one_picture_gives_a_reading_and_a_list_gives_a_list(reader: Recognizer) -> None:
    assert isinstance(reader.read(picture()), Reading)
    assert [type(reading) for reading in reader.read([picture()])] == [Reading]
    assert reader.read([]) == []


def test_pictures_read_the_same_alone_and_among_others_and_in_their_order(reader: Recognizer) -> None:
    widths = [400, 36, 120, 3000, 120, 64, 250, 800] * 10
    pictures = [picture(seed, 32 + seed % 20, width) for seed, width in enumerate(widths)]
    together = reader.read(list(pictures))
    assert len({reading.text for reading in together}) > 20
    for number in range(0, len(pictures), 3):
        assert same(together[number], reader.read(pictures[number]))


def test_read_many_keeps_order_over_windows(reader: Recognizer) -> None:
    pictures = [picture(seed, width=60 + seed % 7 * 40) for seed in range(30)]
    keys = [f"{number}" for number in range(600)]
    found = list(reader.read_many((key, pictures[int(key) % 30]) for key in keys))
    assert [key for key, _, _ in found] == keys
    for number in (3, 590):
        reading, shown = found[number][1:]
        assert isinstance(reading, Reading)
        assert same(reading, reader.read(pictures[number % 30]))
        assert shown is not None
        assert np.array_equal(shown, pictures[number % 30])


def test_caller_that_stops_early_leaves_no_thread_behind(reader: Recognizer) -> None:
    taken: list[int] = []

    def endless() -> Iterator[tuple[str, Picture]]:
        while True:
            taken.append(len(taken))
            yield str(len(taken)), picture(len(taken) % 5)

    found = reader.read_many(endless())
    assert next(iter(found))[0] == "1"
    found.close()  # type: ignore[attr-defined]
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("seqrec-")] == []
    assert len(taken) <= 5 * 512


def test_unreadable_picture_raises_in_read(reader: Recognizer, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"lost\.png': no such file"):
        reader.read([picture(), tmp_path / "lost.png"])


def test_unreadable_picture_is_yielded_in_read_many_and_the_rest_goes_on(reader: Recognizer, tmp_path: Path) -> None:
    sources = [("a", picture()), ("b", tmp_path / "lost.png"), ("c", b"garbage"), ("d", encode_png(picture()))]
    found = list(reader.read_many(sources))
    assert [key for key, _, _ in found] == list("abcd")
    assert [isinstance(reading, Reading) for _, reading, _ in found] == [True, False, False, True]
    assert isinstance(found[1][1], ImageError)
    assert isinstance(found[2][1], SeqrecError)
    assert "'c'" in str(found[2][1])
    assert found[1][2] is None


def test_reading_is_the_greedy_one_of_the_engines_log_probs(reader: Recognizer) -> None:
    grey = fit_height(picture(5), 32, 100, 4).copy()
    log_probs, lengths = reader.engine.run(grey[None, None], np.array([grey.shape[1]]))
    expected = greedy(log_probs[: lengths[0], 0])
    found = reader.read(grey)
    assert list(found.symbols) == reader.alphabet.decode(expected.ids)
    assert found.confidence == pytest.approx(np.exp(expected.log_probability), rel=1e-4)
    assert found.text == "".join(found.symbols)


@pytest.mark.parametrize(("height", "width"), [(32, 120), (64, 120), (7, 30), (200, 1900), (90, 30), (32, 100)])
def test_spans_lie_in_the_picture_in_order(reader: Recognizer, height: int, width: int) -> None:
    for seed in range(5):
        found = reader.read(picture(seed, height, width))
        along = height if found.turned else width
        assert len(found.spans) == len(found.symbol_confidences) == len(found.symbols)
        edges = [edge for span in found.spans for edge in span]
        assert edges == sorted(edges)
        assert all(0 <= edge <= along for edge in edges)
        assert all(right > left for left, right in found.spans)


def test_spans_are_measured_in_pixels_of_the_picture_as_it_was_given(reader: Recognizer) -> None:
    small = picture(3, 32, 200)
    large = np.repeat(np.repeat(small, 3, 0), 3, 1)
    one, other = reader.read(small), reader.read(large)
    assert one.symbols == other.symbols
    np.testing.assert_allclose(np.array(other.spans), 3 * np.array(one.spans), atol=0.1)


def test_tall_picture_is_read_turned_where_that_is_surer(reader: Recognizer) -> None:
    turned = set()
    for seed in range(20):
        word = picture(seed, 32, 120)
        best = max((reader.read(np.rot90(word, quarter)) for quarter in (0, 2)), key=lambda reading: reading.confidence)
        tall = reader.read(np.rot90(word))
        turned.add(tall.turned)
        assert tall.confidence >= best.confidence - 1e-6
        if tall.turned:
            assert same(tall, Reading(**{**best.__dict__, "turned": tall.turned}))
            assert all(0 <= edge <= 120 for span in tall.spans for edge in span)
    assert turned & {90, 270}


def test_tall_picture_is_read_upright_where_the_task_says_so(reader: Recognizer) -> None:
    upright = Recognizer(reader.engine, reader.picture, reader.alphabet, turn_tall=False)
    assert {upright.read(picture(seed, 120, 32)).turned for seed in range(10)} == {0}


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (32, 20_000), (2, 2), (600, 2)])
def test_odd_sizes_are_read(reader: Recognizer, shape: tuple[int, int]) -> None:
    found: Reading | ImageError
    try:
        found = reader.read(np.full(shape, 128, np.uint8))
    except ImageError as error:
        found = error
    if shape == (1, 3000):
        assert "96,000 pixels wide at height 32; at most 20,000" in str(found)
    else:
        assert isinstance(found, Reading)
        assert 0 <= found.confidence <= 1


def test_picture_too_wide_does_not_stop_the_others(reader: Recognizer) -> None:
    sources = [("wide", np.zeros((1, 3000), np.uint8)), ("b", picture())]
    found = {key: reading for key, reading, _ in reader.read_many(sources)}
    assert isinstance(found["wide"], ImageError)
    assert isinstance(found["b"], Reading)


def test_folded_reader_reads_the_smaller_alphabet(reader: Recognizer, tiny_model: Path, plugins: Registry) -> None:
    folded = load(tiny_model, alphabet="bars4", plugins=plugins, device="cpu")
    assert folded.alphabet == LOW_BARS
    texts = [folded.read(picture(seed)).text for seed in range(20)]
    assert set("".join(texts)) <= set("abcd")
    assert any(texts)
    upper = [seed for seed in range(20) if set(reader.read(picture(seed)).text) & set("ABCD")]
    assert upper
    grey = fit_height(picture(upper[0]), 32, 100, 4).copy()
    log_probs, lengths = reader.engine.run(grey[None, None], np.array([grey.shape[1]]))
    probabilities = np.exp(log_probs[: lengths[0], 0])
    together = np.concatenate([probabilities[:, :1], probabilities[:, 1:5] + probabilities[:, 5:]], 1)
    expected = greedy(np.log(together))
    assert folded.read(grey).text == "".join(LOW_BARS.decode(expected.ids))
    assert folded.read(grey).confidence == pytest.approx(np.exp(expected.log_probability), rel=1e-3)


def test_alphabet_that_the_task_lacks_is_refused(tiny_model: Path, plugins: Registry) -> None:
    with pytest.raises(AlphabetError, match=r"task 'bars' has no alphabet 'bars5'; did you mean '(bars4|bars8)'\?"):
        load(tiny_model, alphabet="bars5", plugins=plugins)


def test_half_precision_file_is_half_as_large_and_reads_the_same(
    tiny_model: Path, plugins: Registry, reader: Recognizer, tmp_path: Path
) -> None:
    path = tmp_path / "half.safetensors"
    save_model(path, read_weights(tiny_model), read_card(tiny_model), half=True)
    assert path.stat().st_size < 0.75 * tiny_model.stat().st_size
    half = load(path, plugins=plugins, device="cpu")
    pictures = [picture(seed) for seed in range(10)]
    agreeing = [one.text == other.text for one, other in zip(half.read(list(pictures)), reader.read(list(pictures)), strict=True)]
    assert sum(agreeing) >= 9
    assert half.card == reader.card


def test_file_keeps_task_alphabet_and_recipe(reader: Recognizer, tiny_recipe: object) -> None:
    assert reader.card is not None
    assert reader.card.task == "bars"
    assert reader.card.recipe == tiny_recipe
    assert reader.card.alphabet == reader.alphabet == reader.engine.alphabet


def test_run_folder_is_read_by_its_model_file(tiny_model: Path, plugins: Registry, reader: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(tiny_model.read_bytes())
    assert same(load(tmp_path, plugins=plugins).read(picture(2)), reader.read(picture(2)))


WITHOUT_PLUGIN = """
import sys, numpy, seqrec
from PIL import Image
reader = seqrec.load(sys.argv[1])
assert reader.task is None
print(reader.read(sys.argv[2]).text)
try:
    seqrec.load(sys.argv[1], alphabet="bars4")
except seqrec.SeqrecError as error:
    print(error)
"""


def test_model_is_read_where_its_plugin_is_not_installed(tiny_model: Path, reader: Recognizer, tmp_path: Path) -> None:
    path = tmp_path / "word.png"
    path.write_bytes(encode_png(picture(4)))
    environment: Mapping[str, str] = {**os.environ, "SEQREC_PLUGINS": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_PLUGIN, str(tiny_model), str(path)],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text, told = done.stdout.splitlines()
    assert text == reader.read(path).text
    assert told == "alphabet 'bars4' belongs to task 'bars', whose plugin is not installed: seqrec-bars 1.0"


def test_task_adds_hints_and_fields(reader: Recognizer) -> None:
    import dataclasses

    assert reader.task is not None
    task = dataclasses.replace(
        reader.task,
        finish=lambda reading: {"text": reading.text.upper(), "length": len(reading.symbols)},
        hint=lambda width, height, reading: f"{width}×{height}, {reading.text}",
    )
    plain, found = reader.read(picture(1)), dataclasses.replace(reader, task=task).read(picture(1))
    assert found.text == plain.text.upper()
    assert found.as_dict()["length"] == len(plain.symbols)
    assert found.hint == f"120×32, {found.text}"


@pytest.mark.parametrize("text", ["nowhere/model.safetensors", "lost.safetensors"])
def test_missing_model_is_one_line(text: str, plugins: Registry) -> None:
    with pytest.raises(ModelFileError, match=f"'{text}' holds no model; expected a model.safetensors or a run folder with one"):
        load(text, plugins=plugins)


def test_task_without_a_reader_says_how_to_get_one(plugins: Registry) -> None:
    with pytest.raises(ModelFileError, match="task 'bars' ships no reader; train one with: seqrec train --task bars"):
        load("bars", plugins=plugins)
    with pytest.raises(PluginError, match=r"no task 'barz'; did you mean 'bars'\?"):
        load("barz", plugins=plugins)


def test_garbage_and_foreign_safetensors_are_refused(tmp_path: Path, plugins: Registry) -> None:
    import torch
    from safetensors.torch import save_file

    (tmp_path / "garbage.safetensors").write_bytes(b"garbage" * 99)
    with pytest.raises(ModelFileError, match="is no safetensors file"):
        load(tmp_path / "garbage.safetensors", plugins=plugins)
    save_file({"weight": torch.zeros(3)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ModelFileError, match="has no usable seqrec metadata"):
        load(tmp_path / "foreign.safetensors", plugins=plugins)


def test_cut_off_model_file_is_refused(tiny_model: Path, tmp_path: Path, plugins: Registry) -> None:
    (tmp_path / "cut.safetensors").write_bytes(tiny_model.read_bytes()[:-100])
    with pytest.raises(ModelFileError, match="is no safetensors file"):
        load(tmp_path / "cut.safetensors", plugins=plugins)


def test_damaged_weights_are_refused_by_their_checksum(tiny_model: Path, tmp_path: Path, plugins: Registry) -> None:
    content = bytearray(tiny_model.read_bytes())
    content[-100] ^= 1
    (tmp_path / "damaged.safetensors").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"damaged.safetensors' is damaged: .* checksum that it states; copy it again"):
        load(tmp_path / "damaged.safetensors", plugins=plugins)


def test_model_file_of_before_checksums_is_read(tiny_model: Path, tmp_path: Path, plugins: Registry) -> None:
    content = tiny_model.read_bytes()
    (tmp_path / "older.safetensors").write_bytes(content.replace(b'\\"sha256\\"', b'\\"sha000\\"'))
    older, newer = (load(path, plugins=plugins, device="cpu") for path in (tmp_path / "older.safetensors", tiny_model))
    picture = np.arange(3200, dtype=np.uint8).reshape(32, 100)
    assert older.read(picture) == newer.read(picture)


def test_weights_that_do_not_fit_their_recipe_are_refused(tiny_model: Path, tmp_path: Path, plugins: Registry) -> None:
    import dataclasses

    card = read_card(tiny_model)
    other = dataclasses.replace(card, recipe=card.recipe.with_settings(["sequence.hidden=8"]))
    save_model(tmp_path / "other.safetensors", read_weights(tiny_model), other)
    with pytest.raises(ModelFileError, match="its weights do not fit its recipe") as caught:
        load(tmp_path / "other.safetensors", plugins=plugins)
    assert "\n" not in str(caught.value)


def test_file_of_a_later_format_is_refused(
    tiny_model: Path, tmp_path: Path, plugins: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqrec.model_file.FORMAT", 2)
    save_model(tmp_path / "later.safetensors", read_weights(tiny_model), read_card(tiny_model))
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match="is of format 2; this seqrec reads up to 1: upgrade seqrec"):
        load(tmp_path / "later.safetensors", plugins=plugins)


def test_part_that_nobody_offers_here_is_named(tiny_model: Path, plugins: Registry) -> None:
    with pytest.raises(PluginError, match="no backbone 'fast'"):
        load(tiny_model, plugins=build_registry([]))


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "nonsense"])
def test_device_that_is_not_there_is_refused(tiny_model: Path, plugins: Registry, device: str) -> None:
    with pytest.raises(RecipeError, match=f"device '{device}' cannot be used"):
        load(tiny_model, plugins=plugins, device=device)


def test_renderings_are_read_too(reader: Recognizer) -> None:
    sample = BarRenderer().render(np.random.default_rng(0))
    assert isinstance(reader.read(sample.image), Reading)
