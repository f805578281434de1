"""The metadata of ONNX files, against the onnx package and against garbage."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("onnx", reason="the second road to the metadata needs onnx")

import onnx

from seqrec.errors import ModelFileError
from seqrec.onnx_metadata import onnx_metadata


def model(entries: dict[str, str]) -> bytes:
    """A small model with a graph before its metadata, as onnx writes it."""
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [300, "N"]) for name in "xy"]
    graph = onnx.helper.make_graph([node], "graph", values[:1], values[1:], doc_string="long " * 100)
    made = onnx.helper.make_model(graph, producer_name="somebody")
    for key, value in entries.items():
        made.metadata_props.add(key=key, value=value)
    content: bytes = made.SerializeToString()
    return content


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=5))
def test_metadata_are_those_that_onnx_wrote(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    path.write_bytes(model(entries))
    assert onnx_metadata(path) == entries


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_has_nothing_to_say(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    path.write_bytes(content)
    try:
        found = onnx_metadata(path)
    except ModelFileError as error:
        found = {"refused": str(error)}
    assert all(isinstance(text, str) for pair in found.items() for text in pair)
    assert "is no ONNX file that can be used" in found.get("refused", "is no ONNX file that can be used")


def test_file_that_is_cut_off_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    content, path = model({"key": "a value", "other": "another"}), tmp_path / "model.onnx"
    whole = {"key": "a value", "other": "another"}
    for length in range(len(content)):
        path.write_bytes(content[:length])
        try:
            assert onnx_metadata(path).items() < whole.items()
        except ModelFileError:
            continue
    path.write_bytes(content)
    assert onnx_metadata(path) == whole
