"""Fuzzing of what reads strangers' files: whatever the bytes, an error of ours or a result; no crash, no hang, no memory blow-up.

$ pip install atheris                                   # Linux, Python 3.11 or newer
$ python benchmarks/fuzz.py --seconds 600               # every target, one after the other
$ python benchmarks/fuzz.py --target mat --seconds 60   # one of them

Each target runs in a process of its own under libFuzzer, with 2 GB of memory and 20 seconds an input at most. What fails is
written to `--keep` and named; the exit code is then 1.
"""

import argparse
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

NAMES = (
    "gt.txt",
    "x.tags",
    "labels.json",
    "labels.csv",
    "x.xml",
    "gt_img_1.txt",
    "rec_gt.txt",
    "annotation.txt",
    "a.gt.txt",
    "label.txt",
)


INSTRUMENTED = [
    "seqrec.data",
    "seqrec.pictures",
    "seqrec.pages",
    "seqrec.model_file",
    "seqrec.recipe",
    "seqrec.onnx",
    "seqrec.training",
    "tarfile",
]
"""Whose branches guide the search; numba cannot compile what is instrumented, so nothing of `seqrec.decoding`."""


def target_labels(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """Label files of every format; the first byte says which name the rest is written under."""
    from seqrec.data.readers import READERS
    from seqrec.errors import SeqrecError

    def use(content: bytes) -> None:
        name = NAMES[content[0] % len(NAMES)] if content else NAMES[0]
        (folder / name).write_bytes(content[1:])
        for reader in READERS:
            with contextlib.suppress(SeqrecError):
                if reader.name != "lmdb" and reader.detect(folder / name):
                    store = reader.open(folder / name)
                    for index in range(min(len(store), 4)):
                        store.key(index), store.label(index)
                        with contextlib.suppress(SeqrecError):
                            store.encoded(index)
        (folder / name).unlink()

    svt = b"<tagset><image><imageName>a.png</imageName><lex>A,B</lex><taggedRectangles><taggedRectangle x='1' y='2' "
    return use, [
        b"\0a.png\tone\nb.png\ttwo\n",
        b'\0word_1.png, "say \\"yes\\""\n',
        b'\2{"a.png": "one"}',
        b"\3filename,words\na.png,one\n",
        b"\4" + svt + b"width='3' height='4'><tag>A</tag></taggedRectangle></taggedRectangles></image></tagset>",
        b'\4<imagelist><image file="a.png" tag="b"/></imagelist>',
        b"\0051,2,3,4,5,6,7,8,text\n",
        b'\6["a.png", "b.png"]\tone\n',
        b"\7./1/1/9_Fe_3.jpg 3\n",
    ]


def target_mat(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """MATLAB files."""
    from seqrec.data.mat_file import mat_variables, read_mat
    from seqrec.errors import SeqrecError

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import numpy as np

    from tests.data.mat_writer import write_mat

    def use(content: bytes) -> None:
        (folder / "x.mat").write_bytes(content)
        with contextlib.suppress(SeqrecError):
            for one in mat_variables(folder / "x.mat"):
                read_mat(folder / "x.mat", one.name)

    rows = [{"ImgName": "a.png", "GroundTruth": "A", "charBB": np.ones((1, 4))}]
    return use, [
        write_mat(folder / "seed.mat", packed, data=rows, cells=["a", np.ones((2, 2))], text="text").read_bytes()
        for packed in (True, False)
    ]


def target_tar(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """Tar shards."""
    from seqrec.data.tar_store import TarShard, write_tar
    from seqrec.errors import SeqrecError

    def use(content: bytes) -> None:
        (folder / "x.tar").write_bytes(content)
        shard = TarShard(str(folder / "x.tar"))
        with contextlib.suppress(SeqrecError):
            for index in range(min(len(shard), 4)):
                with contextlib.suppress(SeqrecError):
                    shard.label(index)
                with contextlib.suppress(SeqrecError):
                    shard.encoded(index)
        shard.close()

    write_tar(folder / "seed.tar", range(2), lambda index: (b"picture", ".png", "label", {"": ["a"], "few": ["b"]}))
    return use, [(folder / "seed.tar").read_bytes()]


def target_lmdb(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """LMDB files: bytes are written over a sound set, whose pages they may break."""
    from seqrec.data.store import LmdbStore
    from seqrec.data.writer import LmdbWriter
    from seqrec.errors import SeqrecError

    with LmdbWriter(folder / "seed") as writer:
        for number in range(20):
            writer.add(b"picture" * 50, f"label {number}", (1, 2), ["a"])
    whole = (folder / "seed" / "data.mdb").read_bytes()
    (folder / "set").mkdir()

    def use(content: bytes) -> None:
        size = int.from_bytes(content[:2], "little") * 8 % (len(whole) + 8)
        (folder / "set" / "data.mdb").write_bytes((content[2:] + whole[len(content) - 2 :])[:size] if len(content) > 2 else whole)
        with contextlib.suppress(SeqrecError):
            store = LmdbStore(folder / "set")
            for index in range(min(len(store), 4)):
                with contextlib.suppress(SeqrecError):
                    store.label(index), store.encoded(index), store.lexicon(index), store.size(index)

    return use, [b"\xff\xff" + whole[:64], b"\x10\0"]


def target_picture(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """Pictures."""
    from PIL import Image

    from seqrec.errors import SeqrecError
    from seqrec.pictures import open_colour, open_picture, picture_kind, picture_size

    warnings.simplefilter("ignore")

    def use(content: bytes) -> None:
        for read in (open_picture, picture_size, open_colour, picture_kind):
            with contextlib.suppress(SeqrecError):
                read(content)

    seeds = []
    for kind in ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP"):
        held = io.BytesIO()
        Image.new("RGB", (9, 7), (200, 30, 10)).save(held, kind)
        seeds.append(held.getvalue())
    return use, seeds


def target_pages(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """PDF and TIFF files of several pages, drawn small; pypdfium2 and Pillow's decoders are not instrumented."""
    from itertools import islice

    from PIL import Image

    from seqrec.errors import SeqrecError
    from seqrec.pages import open_page, open_pages

    path = folder / "x.tif"

    def use(content: bytes) -> None:
        path.write_bytes(content)
        with contextlib.suppress(SeqrecError):
            for _ in islice(open_pages(path, dpi=40), 3):
                pass
        with contextlib.suppress(SeqrecError):
            open_page(path, 2, dpi=40)

    seeds = [_drawn_pdf()]
    for kind in ("PDF", "TIFF"):
        held = io.BytesIO()
        first, second = (Image.new("L", (40, 20), grey) for grey in (30, 200))
        first.save(held, kind, save_all=True, append_images=[second])
        seeds.append(held.getvalue())
    return use, seeds


def _drawn_pdf() -> bytes:
    """Two pages with text, a curve and a picture, nothing of it packed, so that a changed byte changes what is drawn."""
    content = (
        b"q 1 0 0 RG 4 w 10 10 m 90 60 20 90 70 5 c S Q BT /F 18 Tf 8 12 Td (seqrec) Tj ET "
        b"q 20 0 0 20 60 20 cm BI /W 2 /H 2 /BPC 8 /CS /G ID \x00\x80\xff\x40 EI Q"
    )
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 60]/Contents 5 0 R/Resources<</Font<</F 6 0 R>>>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        page,
        page,
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    return b"".join(
        [
            b"%PDF-1.4\n",
            *(b"%d 0 obj%s\nendobj\n" % (number, held) for number, held in enumerate(objects, 1)),
            b"trailer<</Root 1 0 R/Size 7>>\n%%EOF\n",  # without a table of places: pdfium finds the objects itself
        ]
    )


def target_lexicon(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """Compiled lexicons, searched where they load, and their text form."""
    import numpy as np

    from seqrec.alphabet import Alphabet
    from seqrec.decoding.bktree import BKTree
    from seqrec.decoding.decoders import BKTreeDecoder, LexiconDecoder
    from seqrec.decoding.lexicon import Lexicon
    from seqrec.decoding.lexicon_file import load_lexicon, save_lexicon, verify_lexicon
    from seqrec.errors import SeqrecError

    letters = Alphabet("letters", "abc")
    save_lexicon(folder / "seed.lex", Lexicon.compile(["ab", "abc", "ca"], letters))
    rng = np.random.default_rng(1)

    def use(content: bytes) -> None:
        (folder / "x.lex").write_bytes(content)
        with contextlib.suppress(SeqrecError):
            found = load_lexicon(folder / "x.lex")
            if found.alphabet.classes < 100:  # tables that lie must not lead a search outside of them
                scores = rng.normal(0, 2, (9, found.alphabet.classes))
                log_probs = np.asarray(scores - np.log(np.exp(scores).sum(1, keepdims=True)), np.float32)
                for decoder in (LexiconDecoder(found, n_best=3), BKTreeDecoder(BKTree(found))):
                    decoder(log_probs)
            verify_lexicon(folder / "x.lex")
        with contextlib.suppress(SeqrecError):
            Lexicon.compile(content.decode("utf-8", "replace").split("\n"), letters)

    return use, [(folder / "seed.lex").read_bytes(), b"ab\t2\tab\tba\nca\n"]


def target_arpa(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """ARPA language models."""
    from seqrec.alphabet import Alphabet
    from seqrec.decoding.arpa import read_arpa
    from seqrec.errors import SeqrecError

    def use(content: bytes) -> None:
        (folder / "x.arpa").write_bytes(content)
        with contextlib.suppress(SeqrecError):
            read_arpa(folder / "x.arpa", Alphabet("letters", "ab"))

    counts, unigrams = "\\data\\\nngram 1=4\nngram 2=1\n\n", "\\1-grams:\n-1\t<s>\t-0.5\n-1\t</s>\n-1\ta\t-0.3\n-1\tb\n\n"
    text = counts + unigrams + "\\2-grams:\n-0.5\ta b\n\n\\end\\\n"
    return use, [text.encode()]


def target_model(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """Model files: what they say of themselves, their weights and networks; the first byte says whether a card alone follows."""
    import json

    import torch

    from seqrec import builtin
    from seqrec.alphabet import Alphabet
    from seqrec.engines.torch_engine import load_engine
    from seqrec.errors import SeqrecError
    from seqrec.model_file import METADATA_KEY, ModelCard, card_to_json, read_card, read_weights, save_model
    from seqrec.network import build_network
    from seqrec.plugins import build_registry
    from seqrec.recipe import Recipe

    small = ["backbone.channels=[1, 1, 1, 1, 1, 1, 1]", "sequence.hidden=1", "sequence.layers=1"]
    card = ModelCard("x", "x 1", Alphabet("letters", "abc"), Recipe().with_settings(small))
    registry = build_registry([("seqrec", "", lambda: builtin)])
    save_model(folder / "seed.safetensors", build_network(card.recipe, card.alphabet, registry).state_dict(), card)
    torch.set_num_threads(1)

    def use(content: bytes) -> None:
        if content[:1] == b"c":
            told = json.dumps({"__metadata__": {METADATA_KEY: content[1:].decode("utf-8", "replace")}}).encode()
            content = b"r" + len(told).to_bytes(8, "little") + told
        path = folder / "x.safetensors"
        path.write_bytes(content[1:])
        with contextlib.suppress(SeqrecError):
            read_weights(path)
        with contextlib.suppress(SeqrecError):
            load_engine(path, read_card(path), registry, "cpu")

    return use, [b"r" + (folder / "seed.safetensors").read_bytes(), b"c" + card_to_json(card).encode()]


def target_onnx(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """Exported readers, as far as they are looked at before onnxruntime is."""
    import onnx

    from seqrec.errors import SeqrecError
    from seqrec.model_file import read_card
    from seqrec.onnx_contents import check_contents

    def use(content: bytes) -> None:
        (folder / "x.onnx").write_bytes(content)
        for look in (read_card, check_contents):
            with contextlib.suppress(SeqrecError):
                look(folder / "x.onnx")

    value = onnx.helper.make_tensor_value_info
    branch = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "branch", [], [value("y", 1, [1])])
    node = onnx.helper.make_node("If", ["c"], ["z"], then_branch=branch, else_branch=branch)
    held = onnx.helper.make_tensor("w", 1, [1], [1.0])
    graph = onnx.helper.make_graph([node], "graph", [value("x", 1, [1]), value("c", 9, [])], [value("z", 1, [1])], [held])
    model = onnx.helper.make_model(graph)
    model.metadata_props.add(key="seqrec", value="{}")
    return use, [model.SerializeToString()]


def target_state(folder: Path) -> tuple[Callable[[bytes], object], list[bytes]]:
    """Saved states of runs; the first byte says whether the pickle alone follows."""
    import zipfile

    import torch

    from seqrec.errors import SeqrecError
    from seqrec.training.run_folder import RunFolder

    run = RunFolder(folder)
    run.save_state({"network": {"w": torch.ones(3)}, "step": 3, "best": [0.5, -1.0]})
    whole = run.state_file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (pickled,) = (name for name in members if name.endswith("data.pkl"))

    def use(content: bytes) -> None:
        if content[:1] == b"p":
            with zipfile.ZipFile(run.state_file, "w") as archive:
                for name, held in members.items():
                    archive.writestr(name, content[1:] if name == pickled else held)
        else:
            run.state_file.write_bytes(content[1:])
        with contextlib.suppress(SeqrecError):
            run.load_state()

    return use, [b"r" + whole, b"p" + members[pickled]]


TARGETS = {name.removeprefix("target_"): made for name, made in list(globals().items()) if name.startswith("target_")}


def run_target(name: str, seconds: int, keep: Path) -> None:
    """Fuzz one target in this process; libFuzzer ends it."""
    import atheris

    import seqrec.decoding.lexicon_file  # noqa: F401 - before anything is instrumented

    with tempfile.TemporaryDirectory() as folder:
        with atheris.instrument_imports(include=INSTRUMENTED):
            use, seeds = TARGETS[name](Path(folder))
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)
            use(seed)  # what numba compiles takes longer than an input may
        limits = [
            "-rss_limit_mb=2048",
            "-malloc_limit_mb=2048",
            "-timeout=20",
            f"-max_total_time={seconds}",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *limits, "-max_len=16384", f"-artifact_prefix={keep}/{name}-", str(corpus)], use)
        atheris.Fuzz()


def main() -> None:
    """Each target in a process of its own; a table of what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=sorted(TARGETS), help="one of them; all by default")
    parser.add_argument("--seconds", type=int, default=600, help="for each")
    parser.add_argument("--keep", type=Path, default=Path("fuzz"), help="where inputs go that fail")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    chosen.keep.mkdir(parents=True, exist_ok=True)
    if chosen.inside:
        run_target(chosen.target, chosen.seconds, chosen.keep)
        return
    failed = False
    print("| target | inputs | seconds | peak memory, MB | found |\n| --- | --- | --- | --- | --- |")
    for name in [chosen.target] if chosen.target else sorted(TARGETS):
        command = [
            sys.executable,
            __file__,
            "--target",
            name,
            "--seconds",
            str(chosen.seconds),
            "--keep",
            str(chosen.keep),
            "--inside",
        ]
        # An index outside of a table is an error then, and not somebody else's memory.
        checked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(chosen.keep / "compiled")}
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **checked}
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, check=False)
        told = done.stdout + done.stderr
        inputs, memory = (re.search(rf"stat::{what}:\s+(\d+)", told) for what in ("number_of_executed_units", "peak_rss_mb"))
        found = re.findall(r"(?:Error|Exception|ERROR|ALARM)[^\n]*", told)
        crash = "" if done.returncode == 0 else [f"exit {done.returncode}", *found][-1]
        failed |= bool(crash)
        count, peak = int(inputs[1]) if inputs else 0, memory[1] if memory else "?"
        print(f"| {name} | {count:,} | {chosen.seconds} | {peak} | {crash or 'nothing'} |", flush=True)
        if crash:
            print(told[-1500:], file=sys.stderr)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
