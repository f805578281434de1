"""The report of an examination: one page with pictures, and its numbers as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqrec.data.examination import Examination
from seqrec.errors import SeqrecError
from seqrec.files import write_whole
from seqrec.interfaces import Picture, Store
from seqrec.page import filled
from seqrec.pictures import open_picture
from seqrec.rows import thumbnail

_SHOWN = 30  # pictures of a kind
_GROUPS = 20  # groups of duplicates
_NAMED = 200  # samples listed under a kind of problem


@dataclass(frozen=True)
class Shown:
    """A sample on the page.

    Attributes:
        key: Its name.
        label: What it says.
        remark: What is said of it.
        picture: (H, W), uint8, small; None where it cannot be read.
    """

    key: str
    label: str
    remark: str
    picture: Picture | None


def write_audit_report(
    folder: Path, title: str, found: Examination, reasons: Sequence[str], against: Examination | None = None
) -> Path:
    """`report.html` and `audit.json` in a folder, which is made where it is missing; returns the page's path.

    Args:
        folder: Where to.
        title: Of the page.
        found: What an examination found.
        reasons: Why training on the set would not be safe.
        against: The examination of the other set, where leaks were looked for.
    """
    write_whole(folder / "audit.json", json.dumps(as_dict(found, reasons), ensure_ascii=False, indent=1))
    store = found.store
    worst = [
        shown(store, loss.index, f"{loss.nats:.2f} nats a symbol; read as: {loss.reading}") for loss in found.losses[:_SHOWN]
    ]
    odd = [shown(store, index, why) for index, why in found.odd_labels[:_SHOWN]]
    kinds = {
        kind: [problem for problem in found.found.problems if problem.kind == kind]
        for kind in dict.fromkeys(problem.kind for problem in found.found.problems)
    }
    problems = {
        kind: (
            len(members),
            [shown(store, one.index, "; ".join(one.details)) for one in members[:_SHOWN]],
            [str(one) for one in members[:_NAMED]],
        )
        for kind, members in kinds.items()
    }
    leaks = []
    if against is not None:
        for here, there in found.leaks[:_SHOWN]:
            leaks.append([shown(store, here, "here"), shown(against.store, there, "in the other set")])
    page = filled(
        "audit.html",
        title=title,
        found=found,
        reasons=reasons,
        problems=problems,
        worst=worst,
        odd=odd,
        groups=[[shown(store, index, "") for index in group[:6]] for group in found.duplicates.near[:_GROUPS]],
        contradictions=[[shown(store, index, "") for index in group[:6]] for group in found.contradictions[:_GROUPS]],
        leaks=leaks,
        symbols=list(found.symbols.items()),
        most=max(found.symbols.values(), default=1),
    )
    return write_whole(folder / "report.html", page)


def shown(store: Store, index: int, remark: str) -> Shown:
    """A sample as the page shows it."""
    key = store.key(index)
    try:
        label = store.label(index)
    except SeqrecError:
        label = ""
    try:
        picture = thumbnail(open_picture(store.encoded(index), key))
    except SeqrecError:
        picture = None
    return Shown(key, label, remark, picture)


def as_dict(found: Examination, reasons: Sequence[str]) -> dict[str, object]:
    """Plain values for JSON; samples by their keys."""
    store = found.store

    def keys(groups: Sequence[Sequence[int]]) -> list[list[str]]:
        return [[store.key(index) for index in group] for group in groups]

    names = ("least", "percentile_5", "median", "percentile_95", "greatest")
    return {
        "samples": found.found.total,
        "usable": len(found.found.usable),
        "safe": not reasons,
        "reasons": list(reasons),
        "problems": [{"kind": one.kind, "key": one.key, "details": list(one.details)} for one in found.found.problems],
        "widths_px": dict(zip(names, found.widths, strict=True)),
        "heights_px": dict(zip(names, found.heights, strict=True)),
        "label_lengths": dict(zip(names, found.lengths, strict=True)),
        "symbols": dict(found.symbols),
        "unused_symbols": list(found.unused),
        "outside_alphabet": [
            {"symbol": one.symbol, "codes": one.codes, "count": one.count, "keys": list(one.keys)} for one in found.strangers
        ],
        "picture_kinds": dict(found.kinds),
        "odd_labels": [{"key": store.key(index), "why": why} for index, why in found.odd_labels],
        "exact_duplicates": keys(found.duplicates.exact),
        "near_duplicates": keys(found.duplicates.near),
        "contradictions": keys(found.contradictions),
        "losses": [
            {"key": store.key(one.index), "nats_per_symbol": round(one.nats, 4), "reading": one.reading} for one in found.losses
        ],
        "leaks": [{"key": store.key(here), "other_index": there} for here, there in found.leaks],
    }
