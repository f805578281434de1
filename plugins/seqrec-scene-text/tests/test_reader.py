"""The reader that ships: how long it takes to load, and what second looks give it."""

import dataclasses
import time

import numpy as np
import pytest

import seqrec
from seqrec.data.readers import open_dataset
from seqrec.perturbation import rotated, with_margin
from seqrec.pictures import open_picture
from seqrec.recognizer import Recognizer

LOAD_S = 0.2


@pytest.fixture(scope="module")
def reader() -> Recognizer:
    pytest.importorskip("torch")
    return seqrec.load("scene-text", device="cpu")


def test_weights_load_in_less_than_200_ms(reader: Recognizer) -> None:
    taken = []
    for _ in range(3):
        start = time.process_time()  # what else runs on the machine does not count
        seqrec.load("scene-text", device="cpu")
        taken.append(time.process_time() - start)
    assert min(taken) < LOAD_S


@pytest.mark.parametrize("change", ["margin", "turned"])
def test_samples_with_margins_and_turned_are_read_better_by_second_looks(reader: Recognizer, change: str) -> None:
    assert reader.task is not None
    assert reader.task.samples is not None
    store = open_dataset(reader.task.samples)
    labels = [store.label(index) for index in range(len(store))]
    pictures = [open_picture(store.encoded(index)) for index in range(len(store))]
    shown = [with_margin(one, 0.4) if change == "margin" else rotated(one, 9) for one in pictures]
    once = dataclasses.replace(reader, task=dataclasses.replace(reader.task, second_looks=None))
    right = [np.mean([r.text == label for r, label in zip(one.read([*shown]), labels, strict=True)]) for one in (once, reader)]
    assert right[1] > right[0]
    assert reader.read([*pictures])[0].text == labels[0]
