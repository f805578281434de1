"""One reader of `benchmarks/reading.py`, in a process of its own: reads what it is told to, and says how long that took.

    python benchmarks/reading_worker.py READER FOLDER THREADS

READER is `rapidocr-v4`, `rapidocr-v6`, or what `seqrec.load` takes. The folder's pictures are decoded into memory first. Then it
answers requests, one JSON object a line on standard input, with one on standard output. For the peers it imports nothing of
seqrec, since it runs in an environment of theirs.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

Pictures = list[np.ndarray]
Read = Callable[[Pictures, int], list[str]]


def rapidocr_v4(threads: int) -> Read:
    """PP-OCRv4 mobile, of rapidocr-onnxruntime 1.4.4: its recogniser as its own configuration sets it up."""
    import rapidocr_onnxruntime
    from rapidocr_onnxruntime.ch_ppocr_rec import TextRecognizer

    weights = Path(rapidocr_onnxruntime.__file__).parent / "models" / "ch_PP-OCRv4_rec_infer.onnx"
    recogniser = TextRecognizer(
        {
            "model_path": str(weights),
            "intra_op_num_threads": threads,
            "inter_op_num_threads": 1,
            "use_cuda": False,
            "use_dml": False,
            "rec_img_shape": [3, 48, 320],
            "rec_batch_num": 6,
        }
    )

    def read(pictures: Pictures, batch: int) -> list[str]:
        recogniser.rec_batch_num = batch
        return [text for text, _ in recogniser(pictures)[0]]

    return read


def rapidocr_v6(threads: int) -> Read:
    """PP-OCRv6 small, of rapidocr 3.10.0: the recogniser of its default configuration."""
    from rapidocr import RapidOCR
    from rapidocr.ch_ppocr_rec.typings import TextRecInput

    settings = {"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": threads}
    recogniser = RapidOCR(params=settings)._load_rec_model()

    def read(pictures: Pictures, batch: int) -> list[str]:
        recogniser.rec_batch_num = batch
        return list(recogniser(TextRecInput(img=pictures, return_word_box=False)).txts)

    return read


def ours(which: str, threads: int) -> Read:
    """A reader of seqrec; it forms its batches itself."""
    import seqrec

    reader = seqrec.load(which, device="cpu", threads=threads)

    def read(pictures: Pictures, batch: int) -> list[str]:
        if batch == 1:
            return [reader.read(picture).text for picture in pictures]
        return [reading.text for reading in reader.read([*pictures])]

    return read


def main() -> None:
    """Answer until the input ends: seconds of wall clock and of processor, and texts."""
    which, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    files = [line.split()[0] for line in (folder / "train.tags").read_text(encoding="utf-8").splitlines()]
    pictures = [cv2.imread(str(folder / file)) for file in files]
    if which == "rapidocr-v4":
        read = rapidocr_v4(threads)
    elif which == "rapidocr-v6":
        read = rapidocr_v6(threads)
    else:
        read = ours(which, threads)
        pictures = [np.ascontiguousarray(picture[:, :, ::-1]) for picture in pictures]  # RGB
    read(pictures[:64], 8)
    print(json.dumps({"ready": len(pictures)}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        chosen = pictures[asked["start"] :: asked["step"]][: asked["most"]]
        passes, texts = 0, []
        wall, processor = time.perf_counter(), time.process_time()
        while passes == 0 or time.perf_counter() - wall < asked["seconds"]:
            texts = read(chosen, asked["batch"]) if asked["batch"] > 1 else [read([one], 1)[0] for one in chosen]
            passes += 1
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        answer = {"pictures": passes * len(chosen), "wall_s": wall, "processor_s": processor, "texts": texts}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
