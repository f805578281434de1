"""Files that a stranger made to harm whoever reads them: one clear error each, and no more memory than their size implies."""

import gzip
import io
import json
import pickle
import subprocess
import sys
import tomllib
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
import torch

from seqrec.alphabet import Alphabet
from seqrec.decoding.lexicon import Lexicon
from seqrec.decoding.lexicon_file import load_lexicon, save_lexicon
from seqrec.decoding.ngram import NGram
from seqrec.errors import GrammarError, ModelFileError, RunError, SeqrecError
from seqrec.model_file import card_to_json, read_card, read_weights, save_model, store_temperature
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.recognizer import load
from seqrec.training.run_folder import RunFolder

Change = Callable[[dict[str, Any]], object]


def rewritten(model: Path, path: Path, change: Change) -> Path:
    """A model file with another card."""
    content = model.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    card = json.loads(header["__metadata__"]["seqrec"])
    told = change(card)
    header["__metadata__"]["seqrec"] = told if isinstance(told, str) else json.dumps(card)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[end:])
    return path


def with_settings(*settings: str) -> Change:
    def change(card: dict[str, Any]) -> None:
        tree = tomllib.loads(card["recipe"])
        for setting in settings:
            key, _, value = setting.partition("=")
            table, _, name = key.partition(".")
            tree[table] = {**({} if name == "name" else tree[table]), name: json.loads(value)}
        card["recipe"] = tomli_w.dumps(tree)

    return change


def with_alphabet(card: dict[str, Any]) -> None:
    """Symbols of as many parts as symbols: what says which symbol has which is the square of that."""
    symbols = [f"s{number}" for number in range(8_000)]
    card["alphabet"] = {"name": "many", "symbols": symbols, "parts": {one: [f"p{one}", "all"] for one in symbols}}


CARDS: Mapping[str, tuple[Change, str]] = {
    "wide": (with_settings("sequence.hidden=500000000"), "its weights do not fit its recipe"),
    "wider than memory": (with_settings("sequence.hidden=1000000000"), "sequence 'bilstm' refuses"),
    "rather wide": (with_settings("sequence.hidden=60000"), "its weights do not fit its recipe"),
    "wider than numbers": (with_settings("sequence.hidden=100000000000000"), "sequence 'bilstm' refuses"),
    "deep": (with_settings("sequence.layers=1000000000"), "which describes a larger network than they make up"),
    "deep without recurrence": (with_settings('sequence.name="conformer"', "sequence.layers=1000000000"), "a larger network"),
    "channels": (with_settings("backbone.channels=[1, 1, 99999999, 99999999, 1, 1, 1]"), "a larger network"),
    "context": (with_settings('transcription.name="transducer"', "transcription.context=1000000000"), "a larger network"),
    "parts": (with_alphabet, "a larger network than they make up"),
    "high": (with_settings("picture.height_px=1000000"), "'picture.height_px' is 1000000; it must be at most 1024"),
    "long": (with_settings("picture.max_width_px=1000000000000"), "'picture.max_width_px' is 1000000000000; it must be"),
    "nested": (lambda card: '{"format": ' + "[" * 100_000, "has no usable seqrec metadata"),
    "nested recipe": (lambda card: card.update(recipe="a = " + "[" * 100_000), "has no usable seqrec metadata"),
    "task": (lambda card: card.update(task=["bars"]), "its 'task' is \"['bars']\"; expected str"),
    "plugin": (lambda card: card.update(plugin=7), "its 'plugin' is '7'; expected str"),
    "versions": (lambda card: card.update(versions=[]), "its 'versions' is '[]'; expected dict"),
    "direction": (lambda card: card.update(direction=["up"]), "has no usable seqrec metadata"),
    "alphabet": (lambda card: card.update(alphabet=[1]), "has no usable seqrec metadata"),
    "no card": (lambda card: "[]", "has no usable seqrec metadata"),
    "no number": (lambda card: card.update(temperature="nan"), "temperature 'nan' is no number"),
}

LOAD = """
import json, resource, sys
import torch
from seqrec import builtin
from seqrec.errors import SeqrecError
from seqrec.plugins import build_registry
from seqrec.recognizer import load
from seqrec.testing import bars

def taken():
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmData"))) * 1024

plugins = build_registry([("seqrec", "", lambda: builtin), ("seqrec-bars", "1.0", lambda: bars)])
sound, *hostile = sys.argv[1:]
load(sound, plugins=plugins, device="cpu")
resource.setrlimit(resource.RLIMIT_DATA, (taken() + (256 << 20),) * 2)
for path in hostile:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        load(path, plugins=plugins, device="cpu")
        told = "it was loaded"
    except SeqrecError as error:
        told = str(error)
    except BaseException as error:
        told = f"{type(error).__name__}: {error}"
    print(json.dumps([path, told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before]), flush=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is limited as Linux does it")
def test_model_files_that_ask_for_more_than_they_hold_are_refused_within_little_memory(tiny_model: Path, tmp_path: Path) -> None:
    paths = {
        rewritten(tiny_model, tmp_path / f"{name}.safetensors", change): message for name, (change, message) in CARDS.items()
    }
    shape = tmp_path / "shape.safetensors"
    header = {"w": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4]}}
    shape.write_bytes(len(json.dumps(header)).to_bytes(8, "little") + json.dumps(header).encode() + b"\0" * 4)
    length = tmp_path / "length.safetensors"
    length.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    paths |= {shape: "is no safetensors file", length: "is no safetensors file"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tiny_model), *map(str, paths)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(path) for path, _, _ in told] == list(paths)
    for path, found, grown_kb in told:
        assert paths[Path(path)] in found, (path, found)
        assert "\n" not in found
        assert grown_kb < 128 * 1024, (path, grown_kb)


def test_hostile_model_file_is_one_line_and_exit_code_2(tiny_model: Path, tmp_path: Path, seqrec: Callable[..., Any]) -> None:
    file = rewritten(tiny_model, tmp_path / "deep.safetensors", CARDS["deep"][0])
    picture = tmp_path / "one.png"
    picture.write_bytes(b"")
    for command in (["recognize", picture], ["export", "-o", tmp_path / "x.onnx"], ["calibrate"]):
        done = seqrec(command[0], "--model", file, *command[1:])
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"error: '{file}': its weights do not fit its recipe")
        assert done.err.count("\n") == 1


def test_model_file_that_is_a_pickle_runs_nothing(tmp_path: Path) -> None:
    for name in ("model.safetensors", "model.onnx"):
        torch.save({"x": _Touches(tmp_path / "touched")}, tmp_path / name)
        with pytest.raises(ModelFileError, match="is no (safetensors|ONNX) file"):
            read_card(tmp_path / name)
    assert not (tmp_path / "touched").exists()


class _Touches:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_link_in_the_place_of_the_file_to_be_written_is_not_followed(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    model = tmp_path / "model.safetensors"
    model.write_bytes(tiny_model.read_bytes())
    (tmp_path / "model.safetensors.part").symlink_to(tmp_path / "precious")
    store_temperature(model, 2.0)
    assert (tmp_path / "precious").read_text() == "mine"
    assert not model.is_symlink()
    assert read_card(model).temperature == 2.0


@pytest.mark.parametrize("name", ["metrics.jsonl", "recipe.toml", "state.pt", "report.html"])
def test_run_whose_files_are_links_to_elsewhere_is_not_gone_on_with(name: str, tmp_path: Path, tiny_recipe: Recipe) -> None:
    run = RunFolder(tmp_path / "run")
    run.begin(tiny_recipe)
    assert run.recipe() == tiny_recipe
    (tmp_path / name).write_bytes((tmp_path / "run" / name).read_bytes() if (tmp_path / "run" / name).exists() else b"")
    (tmp_path / "run" / name).unlink(missing_ok=True)
    (tmp_path / "run" / name).symlink_to(tmp_path / name)
    with pytest.raises(RunError, match=rf"{name}' is a link to '.*{name}', outside of the run; put the file itself there"):
        run.recipe()


def saved(path: Path, **more: object) -> Path:
    torch.save({"version": 1, "network": OrderedDict(w=torch.ones(3, dtype=torch.bfloat16)), "step": 3, **more}, path)
    return path


def test_states_that_swell_or_run_are_refused(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    saved(run.state_file, losses=torch.zeros(2), best=[0.5, -1.0])
    assert run.load_state()["step"] == 3
    hostile: dict[str, Callable[[], object]] = {
        "it holds '": lambda: saved(run.state_file, step=_Touches(tmp_path / "touched")),
        "it holds 'builtins bytearray'": lambda: _pickled(run.state_file, b"cbuiltins\nbytearray\n(J\xff\xff\xff\x7ftR."),
        "it holds a tensor of shape (1000000000000,) of fewer numbers": lambda: saved(
            run.state_file, losses=torch.zeros(1).expand(10**12)
        ),
        "it is packed": lambda: _packed(run.state_file),
        "it holds list": lambda: torch.save([1, 2], run.state_file),
        "": lambda: run.state_file.write_bytes(pickle.dumps({"version": 1})),
    }
    for reason, write in hostile.items():
        write()
        with pytest.raises(RunError, match=r"state\.pt' is no state of a run") as caught:
            run.load_state()
        assert reason in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "touched").exists()


def _pickled(path: Path, pickled: bytes) -> None:
    """What torch saved, with another pickle in it."""
    source = zipfile.ZipFile(io.BytesIO(saved(path).read_bytes()))
    with zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, b"\x80\x02" + pickled if name.endswith("data.pkl") else source.read(name))


def _packed(path: Path) -> None:
    source = zipfile.ZipFile(io.BytesIO(saved(path, losses=torch.zeros(10**6)).read_bytes()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"longest": 2**62}, "header contradicts its tables"),
        ({"bytes": 10**18}, "is truncated or longer than written"),
        ({"alphabet": "[" * 50_000}, "its header is damaged"),
        ({"arrays": {}}, "its header is damaged"),
    ],
)
def test_lexicons_whose_header_lies_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "words.lex"
    save_lexicon(path, Lexicon.compile(["ab", "abc"], Alphabet("abc", "abc")))
    content = path.read_bytes()
    fixed = len(b"seqrec.lexicon\r\n\x1a") + 44
    length = int.from_bytes(content[fixed - 40 : fixed - 32], "little")
    header = {**json.loads(content[fixed : fixed + length]), **change}
    start = -(-(fixed + length) // 64) * 64
    text = json.dumps(header).encode()
    begin = content[: fixed - 40] + len(text).to_bytes(8, "little") + content[fixed - 32 : fixed] + text
    path.write_bytes(begin.ljust(-(-len(begin) // 64) * 64, b"\0") + content[start:])
    with pytest.raises(GrammarError, match=message):
        load_lexicon(path)


def test_language_model_that_swells_when_it_is_unpacked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.arpa.gz"
    lines = b"\\data\\\nngram 1=999999999\n\n\\1-grams:\n-1\t<s>\n-1\t</s>\n-1\ta\n" + b"-1\t<unk>\n" * 2_000_000
    path.write_bytes(gzip.compress(lines))
    with pytest.raises(GrammarError, match="unpacked it is more than 100 times as large"):
        NGram.load(path, Alphabet("a", "a"))


def test_weights_of_kinds_that_torch_cannot_compute_with_are_refused_or_read(tiny_model: Path, tmp_path: Path) -> None:
    content = tiny_model.read_bytes()
    for kind in (b'"F8_E5M2"', b'"F4"', b'"U64"', b'"NONE"'):
        (tmp_path / "odd.safetensors").write_bytes(content.replace(b'"F32"', kind.ljust(5)))
        with pytest.raises(ModelFileError, match="is no safetensors file"):
            read_weights(tmp_path / "odd.safetensors")


def test_weights_without_numbers_are_one_error_a_picture(tiny_model: Path, tmp_path: Path, plugins: Registry) -> None:
    weights = {
        name: value * float("nan") if value.is_floating_point() else value for name, value in read_weights(tiny_model).items()
    }
    save_model(tmp_path / "nan.safetensors", weights, read_card(tiny_model))
    with pytest.raises(SeqrecError, match="NaN"):
        load(tmp_path / "nan.safetensors", plugins=plugins, device="cpu").read(np.zeros((32, 100), np.uint8))


onnx = pytest.importorskip("onnx", reason="hostile graphs are written with onnx")
pytest.importorskip("onnxruntime", reason="they are read with onnxruntime")


def graph_of(model: Path, change: Callable[[Any], object], frames: Mapping[str, object] | None = None) -> Any:
    """A graph with the card of a model file, and with inputs and outputs of a reader."""
    helper, kinds = onnx.helper, onnx.TensorProto
    value = helper.make_tensor_value_info
    constants = [onnx.numpy_helper.from_array(np.zeros((1, 1, 9), np.float32), "nothing")]
    nodes = [
        helper.make_node("LogSoftmax", ["nothing"], ["log_probs"]),
        helper.make_node("Sub", ["widths", "widths"], ["frame_lengths"]),
    ]
    inputs = [value("images", kinds.UINT8, ["N", 1, 32, "W"]), value("widths", kinds.INT64, ["N"])]
    outputs = [value("log_probs", kinds.FLOAT, ["T", "N", "C"]), value("frame_lengths", kinds.INT64, ["N"])]
    made = helper.make_model(
        helper.make_graph(nodes, "hostile", inputs, outputs, constants), opset_imports=[helper.make_opsetid("", 18)], ir_version=8
    )
    card = read_card(model)
    told = {"width_step_px": 4, "frame_stride_px": 4.0, "frame_offset_px": 2.0, "gives": "posteriors", **(frames or {})}
    made.metadata_props.add(key="seqrec", value=card_to_json(replace(card, turn_tall=False)))
    made.metadata_props.add(key="seqrec.frames", value=json.dumps(told))
    change(made)
    return made


def external(made: Any, location: str, inside: bool = False) -> None:
    """A weight of the graph lies in another file."""
    tensor = onnx.TensorProto(name="other", data_type=onnx.TensorProto.FLOAT, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    if inside:
        branch = onnx.helper.make_graph([onnx.helper.make_node("Constant", [], ["c"], value=tensor)], "branch", [], [])
        made.graph.node.append(onnx.helper.make_node("If", ["widths"], ["z"], then_branch=branch, else_branch=branch))
    else:
        made.graph.initializer.append(tensor)


def swelling(made: Any) -> None:
    """The graph multiplies a column by a row, of which each is small."""
    for name, shape in (("column", (1_000_000, 1)), ("row", (1, 1_000_000))):
        made.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(shape, np.float32), name))
    nodes = [
        onnx.helper.make_node("Mul", ["column", "row"], ["huge"]),
        onnx.helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=0),
    ]
    made.graph.node[0].input[0] = "used"
    for node in reversed([*nodes, onnx.helper.make_node("Add", ["nothing", "sum"], ["used"])]):
        made.graph.node.insert(0, node)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda made: external(made, "secret.bin"), "keeps weights in another file, which is not read"),
        (lambda made: external(made, "/etc/passwd"), "keeps weights in another file"),
        (lambda made: external(made, "../secret.bin", inside=True), "keeps weights in another file"),
        (
            lambda made: made.graph.node.add(op_type="EPContext", domain="com.microsoft", output=["z"]),
            "uses operators of 'com.microsoft'; a reader has those of ONNX alone",
        ),
        (lambda made: made.graph.node.add(op_type="Mine", output=["z"]), "is no ONNX file that can be used"),
        (
            lambda made: made.graph.initializer[0].dims.__setitem__(0, 10**12),
            "is no ONNX file that can be used",
        ),
        (lambda made: made.graph.output.pop(), "has nothing as 'frame_lengths'; a reader has tensor\\(int64\\)"),
    ],
)
def test_graphs_that_ask_for_what_is_not_theirs_are_refused(
    change: Callable[[Any], object], message: str, tiny_model: Path, tmp_path: Path, plugins: Registry
) -> None:
    (tmp_path / "secret.bin").write_bytes(b"1234")
    (tmp_path / "run").mkdir()
    for file in (tmp_path / "model.onnx", tmp_path / "run" / "model.onnx"):
        file.write_bytes(graph_of(tiny_model, change).SerializeToString())
        with pytest.raises(ModelFileError, match=message) as caught:
            load(file, plugins=plugins)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "frames",
    [{"width_step_px": 0}, {"width_step_px": 10**9}, {"frame_stride_px": float("nan")}, {"gives": "steps"}, {"gives": []}],
)
def test_graphs_that_say_nonsense_of_their_frames_are_refused(
    frames: dict[str, object], tiny_model: Path, tmp_path: Path, plugins: Registry
) -> None:
    (tmp_path / "model.onnx").write_bytes(graph_of(tiny_model, lambda made: None, frames).SerializeToString())
    with pytest.raises(ModelFileError, match="does not say how its frames lie"):
        load(tmp_path / "model.onnx", plugins=plugins)


def wrong(name: str, value: object) -> Callable[[Any], object]:
    """The graph gives this, whatever it is shown."""

    def change(made: Any) -> None:
        made.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), "given"))
        made.graph.node.append(onnx.helper.make_node("Identity", ["given"], [name]))
        del made.graph.node[0 if name == "log_probs" else 1]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swelling, "Failed to allocate memory|Available memory"),
        (
            wrong("log_probs", np.zeros((5, 1, 3), np.float32)),
            r"log_probs \(5, 1, 3\) and frame_lengths \(1,\), expected \(T, 1, 9\)",
        ),
        (wrong("log_probs", np.zeros(7, np.float32)), r"log_probs \(7,\)"),
        (wrong("frame_lengths", np.array([10**9])), "frame_lengths from 1000000000 to 1000000000 of 1 frames"),
        (wrong("frame_lengths", np.array([-1])), "frame_lengths from -1 to -1 of 1 frames"),
    ],
)
def test_graphs_that_give_what_no_reader_gives_are_one_error(
    change: Callable[[Any], object], message: str, tiny_model: Path, tmp_path: Path, plugins: Registry
) -> None:
    (tmp_path / "model.onnx").write_bytes(graph_of(tiny_model, change).SerializeToString())
    reader = load(tmp_path / "model.onnx", plugins=plugins, threads=1)
    with pytest.raises(ModelFileError, match=message) as caught:
        reader.read(np.zeros((32, 100), np.uint8))
    assert "\n" not in str(caught.value)
