"""Samples of any store into LMDB sets: the pictures' own bytes, labels in NFC, sizes, names, lexicons; resumable anywhere."""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from seqrec.data.lexicons import OwnLexicon
from seqrec.data.store import sample_key
from seqrec.data.writer import LmdbWriter
from seqrec.errors import DataError, SeqrecError
from seqrec.files import write_whole
from seqrec.interfaces import Store
from seqrec.pictures import picture_size

Places = npt.NDArray[np.int64]

LEFT_OUT = "left-out.tsv"
"""Beside a set: place in the source, key and reason of each sample that could not be taken over."""


@dataclass(frozen=True)
class Written:
    """What came of writing samples.

    Attributes:
        samples: Stored in the set.
        left_out: Place in the source, key and reason of each that could not be taken over.
        renormalised: Labels that were not in NFC and are now, as far as this call wrote them.
        lexicons: Names of the lexicons that came along.
    """

    samples: int
    left_out: tuple[tuple[int, str, str], ...]
    renormalised: int
    lexicons: tuple[str, ...]


def write_samples(
    store: Store,
    out: Path,
    indices: Sequence[int] | None = None,
    lexicons: Mapping[str, OwnLexicon] | None = None,
    progress: Callable[[int], object] | None = None,
    inside: str | None = None,
) -> Written:
    """An LMDB set of samples of a store; one that was cut off is gone on with.

    A picture whose header cannot be read is left out, since keys have no gaps, and named in `left-out.tsv`. One lexicon goes into
    `lexicon-%09d`, others into `lexicon-NAME.tsv` beside the set.

    Args:
        store: Where samples come from.
        out: The set's folder.
        indices: Which samples, in their order; all by default.
        lexicons: The pictures' own lexicons by name.
        progress: Called with the number of samples done, after each.
        inside: Name of the lexicon for `lexicon-%09d`, "" for none; None for what `inner_lexicon` says.

    Raises:
        DataError: The folder holds something else, the disk is full, or nothing could be taken over.
    """
    places: Places = np.arange(len(store), dtype=np.int64) if indices is None else np.asarray(indices, np.int64)
    lexicons = lexicons or {}
    inside = inner_lexicon(lexicons, places) if inside is None else inside
    renormalised = 0
    with LmdbWriter(out) as writer:
        job = _job(store, places)
        done, left_out = _begun(writer, job, out)
        with (out / LEFT_OUT).open("w", encoding="utf-8", errors="surrogateescape") as listed:
            listed.writelines(f"{place}\t{key}\t{reason}\n" for place, key, reason in left_out)
            for number in range(done, len(places)):
                place = int(places[number])
                try:
                    encoded, label = store.encoded(place), store.label(place)
                    size = _size(store, place, encoded)
                except SeqrecError as error:
                    left_out.append((place, _one_line(store.key(place)), _one_line(str(error))))
                    listed.write("\t".join(map(str, left_out[-1])) + "\n")
                    listed.flush()
                else:
                    normal = unicodedata.normalize("NFC", label)
                    renormalised += normal != label
                    words = lexicons[inside](place) if inside else None
                    note = json.dumps({**job, "next": number + 1, "lexicon": inside}).encode("ascii")
                    writer.add(encoded, normal, size, words, _origin(store, place), note)
                if progress is not None:
                    progress(number + 1)
        samples = len(writer)
    if not left_out:
        (out / LEFT_OUT).unlink()
    if not samples and len(places):
        raise DataError(f"none of {len(places):,} samples could be taken over: '{left_out[0][1]}': {left_out[0][2]}")
    lost = {place for place, _, _ in left_out}
    kept = [int(place) for place in places if int(place) not in lost]
    for name, lexicon in lexicons.items():
        if name != inside:
            write_whole(out / f"lexicon-{name}.tsv", "".join(_lexicon_lines(lexicon, kept)))
    return Written(samples, tuple(left_out), renormalised, tuple(lexicons))


def inner_lexicon(lexicons: Mapping[str, OwnLexicon], places: Places) -> str:
    """Name of the first lexicon whose words hold no white space, so that `lexicon-%09d` can hold them; "" where none is so."""
    return next((name for name, lexicon in lexicons.items() if _spaceless(lexicon, places)), "")


def _begun(writer: LmdbWriter, job: Mapping[str, object], out: Path) -> tuple[int, list[tuple[int, str, str]]]:
    """How many samples are done already, and which of them were left out."""
    if not len(writer):
        return 0, []
    try:
        told = json.loads(writer.note or b"{}")
    except ValueError:
        told = {}
    if not isinstance(told, dict) or {key: told.get(key) for key in job} != job:
        raise DataError(f"'{out}' holds {len(writer):,} samples of another source or choice; delete it or name another folder")
    done = int(told["next"])
    left_out = []
    listed = out / LEFT_OUT
    for line in listed.read_text(encoding="utf-8", errors="surrogateescape").split("\n") if listed.exists() else []:
        place, _, rest = line.partition("\t")
        if place.isdigit() and "\t" in rest:
            key, _, reason = rest.partition("\t")
            left_out.append((int(place), key, reason))
    return done, left_out[: done - len(writer)]  # what came after the last stored sample is looked at again


def _job(store: Store, places: Places) -> dict[str, object]:
    """What tells one source and choice from another."""
    ends = [store.key(int(place)) + "\n" + store.label(int(place)) for place in (places[:1].tolist() + places[-1:].tolist())]
    digest = hashlib.sha256(places.astype("<i8").tobytes() + "\0".join(ends).encode("utf-8", errors="surrogateescape"))
    return {"samples": len(places), "of": len(store), "digest": digest.hexdigest()}


def _origin(store: Store, place: int) -> str:
    told = getattr(store, "origin", lambda _: None)(place)
    return str(told) if told is not None else store.key(place)


def _size(store: Store, place: int, encoded: bytes) -> tuple[int, int]:
    """The picture's size from its header, which shows that it is one."""
    return picture_size(encoded, store.key(place))


def _spaceless(lexicon: OwnLexicon, places: Places) -> bool:
    return all(word.split() == [word] for place in places for word in lexicon(int(place)) or ())


def _lexicon_lines(lexicon: OwnLexicon, kept: Sequence[int]) -> Iterator[str]:
    for number, place in enumerate(kept, start=1):
        if words := lexicon(place):
            yield "\t".join([sample_key("image", number), *words]) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
