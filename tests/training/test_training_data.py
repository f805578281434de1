"""What a run is shown: data sets with broken samples, with one, with none, and renderings beside them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqrec.errors import DataError
from seqrec.pictures import encode_png
from tests.training.runs import bars, run


def test_data_set_with_broken_samples_is_trained_on_and_they_are_named(start: Any, tmp_path: Path) -> None:
    data = bars(
        tmp_path / "words", 20, broken=[("0.png", "aé"), ("1.png", ""), ("2.png", "a" * 40), ("lost.png", "a"), ("torn.png", "b")]
    )
    (data / "torn.png").write_bytes(encode_png(np.zeros((32, 100), np.uint8))[:60])  # its header is whole
    training = start("run", ["data.render_weight=0", "train.steps=8"], data=[(data, 1.0)], validation=[data])
    messages = "\n".join(training.messages)
    assert "1 of 25 samples skipped: symbol outside the alphabet: 'é' (sample '0.png')" in messages
    assert "1 of 25 samples skipped: empty label: sample '1.png'" in messages
    assert "40 symbols with 39 repeats need 79 frames, the picture gives 25" in messages
    assert "1 of 25 samples skipped: unreadable: sample 'lost.png'" in messages
    assert "of 25 validation samples skipped" in messages
    assert run(training)[-1].step == 8
    assert list(training.stream.skips) == ["torn.png"]
    assert len(training.validation) == 20


def test_renderings_and_data_sets_are_mixed_by_weight(start: Any, tmp_path: Path) -> None:
    training = start("run", ["data.render_weight=3"], data=[(bars(tmp_path / "words", 5), 1.0)])
    source = training.stream.preparation.source
    keys = [source.name(index) for index in range(1000)]
    assert sum(key.startswith("rendered-") for key in keys) == 750


def test_data_set_of_one_sample_is_enough(start: Any, tmp_path: Path) -> None:
    data = bars(tmp_path / "one", 1)
    training = start("run", ["data.render_weight=0", "train.steps=3"], data=[(data, 1.0)], validation=[data])
    assert run(training)[-1].step == 3


def test_data_set_of_which_nothing_can_be_used_is_refused_with_the_reason(start: Any, tmp_path: Path) -> None:
    data = bars(tmp_path / "none", 0, broken=[("a.png", "é"), ("b.png", "é")])
    with pytest.raises(DataError, match=r"none of its 2 samples can be used: .*symbol outside the alphabet: 'é'"):
        start("run", [], data=[(data, 1.0)])
