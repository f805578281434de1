"""How improbable a reader finds the labels of a data set: the worst are often wrong labels, or pictures of something else."""

import dataclasses
import math
from collections.abc import Callable

from seqrec.data.examination import Loss
from seqrec.errors import SeqrecError
from seqrec.evaluation import PictureReader
from seqrec.interfaces import Store
from seqrec.reading import Reading

_LEAST = 1e-300  # a probability below counts as this: 691 nats


def label_losses(
    reader: PictureReader, store: Store, indices: list[int], progress: Callable[[int], object] | None = None
) -> tuple[Loss, ...]:
    """-log p(label | picture) a symbol, in nats, of samples that a reader can read; the worst first.

    The label is read as the only word of the picture's own lexicon, whose confidence then is its probability: summed over all
    paths, in whatever way the model transcribes. Pictures and labels that cannot be read so are left out.

    Args:
        reader: Its confidences should be calibrated.
        store: The data set.
        indices: Which samples.
        progress: Called with the number of pictures read, after each; each is read twice.
    """
    labels = {str(index): store.label(index) for index in indices}
    held = reader.with_lexicons(lambda key: [labels[key]])
    found: list[dict[str, Reading]] = []
    done = 0
    for one in (held, reader):
        readings: dict[str, Reading] = {}
        for key, reading, _ in one.read_many((key, _encoded(store, int(key))) for key in labels):
            if not isinstance(reading, SeqrecError):
                readings[key] = dataclasses.replace(reading, alternatives=())
            done += 1
            if progress is not None:
                progress(done)
        found.append(readings)
    losses = [
        Loss(int(key), -math.log(max(right.confidence, _LEAST)) / max(len(right.symbols), 1), found[1][key].text)
        for key, right in found[0].items()
        if key in found[1] and not right.free
    ]
    return tuple(sorted(losses, key=lambda loss: (-loss.nats, loss.index)))


def _encoded(store: Store, index: int) -> bytes:
    try:
        return store.encoded(index)
    except SeqrecError:
        return b""  # which the reader names as unreadable
