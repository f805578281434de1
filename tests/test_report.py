"""Reports: what stands in them, what must not, and that a browser opens them."""

import json
import math
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seqrec.benchmark import Benchmark, KnownSet, Published
from seqrec.benchmark_table import Table, table_set
from seqrec.errors import DataError
from seqrec.page import MAX_PICTURES, visible
from seqrec.report import write_evaluation_report, write_run_report
from seqrec.rows import EXAMPLES, Row, Skip, confused
from seqrec.scores import Evaluation
from seqrec.task import Grouping, Protocol

HOSTILE = "<script>alert('x')</script>"


def noise(seed: int, height: int = 32, width: int = 100) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


def evaluation(rows: Sequence[Row], name: str = "signs", skipped: Sequence[Skip] = ()) -> Evaluation:
    confusions = {pair: 1 for row in rows for pair in confused(row.label, row.text)}
    return Evaluation(
        name=name,
        protocol="exact",
        alphabet="ascii95",
        size=len(rows) + len(skipped),
        samples=len(rows),
        filtered=0,
        skipped=tuple(skipped),
        outside=(),
        right=sum(row.right for row in rows),
        errors=sum(row.distance for row in rows),
        symbols=sum(row.length for row in rows),
        closeness=0.0,
        confusions=confusions,
        duration_s=1.0,
        rows=tuple(rows),
    )


def some_rows(count: int = 10) -> list[Row]:
    return [
        Row(f"sample-{index}", f"word{index}", f"word{index if index % 2 else 'x'}", index / count, 1 - index % 2, index % 2 == 1,
            noise(index))
        for index in range(count)
    ]  # fmt: skip


def records(count: int) -> list[dict[str, object]]:
    train = [
        {"event": "train", "step": 10 * n, "minutes": n / 7, "pictures": 640 * n, "loss": 30 / n, "learning_rate": 0.001 / n,
         "images_per_s": 75.0, "blank_share": 0.9, "data_share": 0.1}
        for n in range(1, count + 1)
    ]  # fmt: skip
    held_out = [
        {"event": "validation", "step": 10 * n, "minutes": n / 7, "sequence_accuracy": 1 - 1 / n, "symbol_error_rate": 1 / n,
         "one_minus_ned": 1 - 0.5 / n}
        for n in range(5, count + 1, 5)
    ]  # fmt: skip
    return [*train, *held_out]


class Tags(HTMLParser):
    """The tags of a page with their attributes; complains of a tag that is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(path: Path) -> str:
    page = path.read_text(encoding="utf-8")
    tags = Tags(page)
    assert not tags.open
    assert not {tag for tag, _ in tags.found} & {"script", "link", "iframe", "object"}
    for _, attributes in tags.found:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("data:image/png;base64,", "#"))
    assert "url(" not in page
    assert "@import" not in page
    return page


def test_evaluation_report_shows_the_rates_and_the_size_of_the_set(tmp_path: Path) -> None:
    page = read(write_evaluation_report(tmp_path / "new", [evaluation(some_rows())], "scene-text on signs"))
    assert "50.00 %" in page
    assert "of 10" in page
    assert "scene-text on signs" in page
    values = json.loads((tmp_path / "new" / "evaluation.json").read_text(encoding="utf-8"))
    assert values["evaluations"][0]["sequence_accuracy"] == 0.5
    assert not list(tmp_path.glob("**/*.part"))


def test_report_says_what_readings_were_held_to(tmp_path: Path) -> None:
    rows = [
        Row("one", "colour", "COLOUR", 0.8, 6, False, word="colour", share=0.625),
        Row("other", "red", "rd", 0.4, 1, False, free=True),
    ]
    held = replace(evaluation(rows), decoding="lexicon <b>words</b>", without_lexicon=1)
    page = read(write_evaluation_report(tmp_path, [held], "held"))
    assert "Read with <b>lexicon &lt;b&gt;words&lt;/b&gt;</b>; 1 pictures have no lexicon and were read freely." in page
    assert "sure to 80.0 % · 62.5 % of the lexicon · distance 6 · word <bdi>colour</bdi><br>" in page
    assert "sure to 40.0 % · distance 1 · free reading<br>" in page
    assert "Read with" not in read(write_evaluation_report(tmp_path, [evaluation(some_rows())], "free"))


def test_table_stands_on_the_page_and_in_files_of_its_own(tmp_path: Path) -> None:
    known = KnownSet("Signs", ("signs*",), 500)
    published = Published(HOSTILE, f"a paper on {HOSTILE}", {("Signs", "None"): 78.2, ("Signs", "50"): 97.6, ("Gone", "50"): 1.0})
    benchmark = Benchmark((known, KnownSet("Gone", (), 7)), published=[published])
    columns = {"None": evaluation(some_rows(8)), "Full": replace(evaluation(some_rows(8)), decoding="lexicon Full")}
    sets = [table_set(benchmark, known, "signs|" + HOSTILE, columns), table_set(benchmark, benchmark.sets[1])]
    table = Table(Protocol("table", source="a paper", benchmark=benchmark), benchmark, "bars", sets)
    page = read(write_evaluation_report(tmp_path, list(columns.values()), "table", table))
    assert "is not the set of the published results: 8 samples judged of 8; published results are of 500" in page
    for cell in ("78.2", "97.6", "50.0"):
        assert f'<td class="number">{cell}</td>' in page
    assert page.count('href="#set-') == 2
    values = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert "total" not in values
    assert json.loads((tmp_path / "table.json").read_text(encoding="utf-8")) == table.as_dict()
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert text == table.to_markdown()
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| ")}
    assert widths == {2 + len(table.cells())}


def test_several_sets_get_a_section_each_and_a_total(tmp_path: Path) -> None:
    sets = [evaluation(some_rows(4), "one"), evaluation(some_rows(6), "other")]
    page = read(write_evaluation_report(tmp_path, sets, "both"))
    assert re.findall(r'<h2 id="set-\d">(.*?)</h2>', page) == ["one", "other", "total"]
    assert json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))["total"]["samples"] == 10


def test_report_of_no_evaluation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no evaluation to report"):
        write_evaluation_report(tmp_path, [], "nothing")


def test_hostile_labels_keys_and_titles_are_escaped(tmp_path: Path) -> None:
    row = Row(f"key{HOSTILE}", HOSTILE, f'"{HOSTILE}\u202e\x00\ud800', 0.9, 4, False, noise(1))
    skip = Skip(HOSTILE, HOSTILE)
    sets = [evaluation([row], HOSTILE, [skip]), evaluation([row], "\" onload='x'", [skip])]
    page = read(write_evaluation_report(tmp_path / "evaluation", sets, HOSTILE))
    assert "&lt;script&gt;" in page
    assert "⟨U+202E⟩" in page
    assert "⟨U+0000⟩" in page
    run = read(write_run_report(tmp_path / "run", HOSTILE, [{"event": HOSTILE, "step": HOSTILE, "loss": HOSTILE}], [row]))
    assert "<script" not in run


def test_differences_between_label_and_reading_are_marked(tmp_path: Path) -> None:
    page = read(write_evaluation_report(tmp_path, [evaluation([Row("one", "house", "horse", 0.8, 1, False)])], "marks"))
    assert "ho<mark>u</mark>se" in page
    assert "ho<mark>r</mark>se" in page


def test_pictures_are_bounded_in_number_and_bytes_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    many = [
        Row(f"{index}", "ab", "ab" if index % 2 else "xy", 0.5, 2, index % 2 == 1, noise(index, 48, 400)) for index in range(500)
    ]
    path = write_evaluation_report(tmp_path, [evaluation(many)], "large")
    page = read(path)
    assert 50 < page.count("<img") <= MAX_PICTURES
    assert "pictures were left out" in page
    assert path.stat().st_size < 3_000_000


def test_groups_stand_on_the_page_with_examples_of_what_is_wrong(tmp_path: Path) -> None:
    colours = Grouping(f"colour {HOSTILE}", lambda judged: "", ("red", "blue"), description="of the ink")
    errors = Grouping("kind", lambda judged: "", errors=True)
    rows = [
        replace(row, groups={colours.name: ("red",)} if row.right else {colours.name: ("blue",), "kind": ("x for a digit",)})
        for row in some_rows()
    ]
    page = read(write_evaluation_report(tmp_path, [replace(evaluation(rows), groupings=(colours, errors))], "groups"))
    assert page.index("of the ink") < page.index(">red<") < page.index(">blue<") < page.index("x for a digit")
    assert page.count('<div class="example"><img') == 2 * EXAMPLES
    assert "100.0 %" in page
    values = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))["evaluations"][0]
    assert [(one["name"], one["of"], one["samples"]) for one in values["groups"]] == [
        (colours.name, "all readings", 10), ("kind", "wrong readings", 5),
    ]  # fmt: skip
    assert values["rows"][0]["groups"] == {colours.name: ["blue"], "kind": ["x for a digit"]}
    assert "Where it fails" not in read(write_evaluation_report(tmp_path, [evaluation(rows)], "none"))


def test_report_says_what_a_threshold_keeps_and_leaves(tmp_path: Path) -> None:
    rows = [Row(f"{n}", "a", "a" if n >= 20 else "b", n / 200, int(n < 20), n >= 20) for n in range(200)]
    page = read(write_evaluation_report(tmp_path, [evaluation(rows)], "thresholds"))
    # 2 wrong of 182 would be more than 1 %
    assert "Accept readings with confidence ≥ 0.095: 0.6\u00a0% of those are wrong (95\u00a0%: at most 2.6\u00a0%)" in page
    assert "9.5\u00a0% of pictures are left to a person." in page
    assert "1 of 181" in page
    assert "0 of 180" in page
    values = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))["evaluations"][0]["calibration"]
    assert [(one["risk"], one["wrong"], one["accepted"]) for one in values["thresholds"]] == [
        (0.001, 0, 180), (0.01, 1, 181), (0.05, 9, 189),
    ]  # fmt: skip


def test_report_of_nothing_but_errors_has_no_threshold(tmp_path: Path) -> None:
    rows = [Row(f"{n}", "a", "b", n / 10, 1, False) for n in range(10)] + [Row("odd", "a", "b", math.nan, 1, False)]
    page = read(write_evaluation_report(tmp_path, [evaluation(rows)], "hopeless"))
    assert "No threshold leaves at most 1\u00a0% wrong" in page
    assert page.count("no threshold does it") == 3


def test_dots_and_lines_of_confidence_stay_inside_their_charts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [Row(f"{n}", "a", "a", float(rng.random()), 0, bool(rng.random() < 0.8)) for n in range(3_000)]
    page = read(write_evaluation_report(tmp_path, [evaluation(rows)], "confidence"))
    dots = re.findall(r'<circle class="fill-1" cx="([\d.]+)" cy="([\d.]+)"', page)
    assert len(dots) == 15
    assert all(42 <= float(x) <= 322 and 12 <= float(y) <= 212 for x, y in dots)
    (line,) = re.findall(r'<polyline[^>]* points="([^"]*)"', page)
    points = [tuple(map(float, point.split(","))) for point in line.split()]
    assert len(points) == 200
    assert all(62 <= x <= 452 and 10 <= y <= 200 for x, y in points)


@pytest.mark.parametrize("count", [0, 1, 4, 1000])
def test_run_report_is_written_for_any_number_of_records(tmp_path: Path, count: int) -> None:
    page = read(write_run_report(tmp_path, '[train]\nsteps = 10\nname = "a<b"', records(count), some_rows() if count > 4 else []))
    assert "a&lt;b" in page
    charts = 0 if count == 0 else 4 if count < 5 else 6
    assert page.count("<figure") == 2 * charts
    assert ("No records yet" in page) == (count == 0)


def test_lines_stay_inside_their_charts(tmp_path: Path) -> None:
    page = read(write_run_report(tmp_path, "", records(700)))
    lines = re.findall(r'<polyline[^>]* points="([^"]*)"', page)
    assert lines
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.split()]
        assert 1 <= len(points) <= 300
        assert all(62 <= x <= 452 and 10 <= y <= 200 for x, y in points)


def test_numbers_that_are_not_finite_or_missing_are_passed_over(tmp_path: Path) -> None:
    metrics: list[dict[str, object]] = [
        {"event": "train", "step": 1, "minutes": 0.1, "loss": float("nan"), "learning_rate": None, "images_per_s": "fast"},
        {"event": "train", "step": 2, "minutes": 0.2, "loss": float("inf")},
        {"event": "train", "step": 3, "loss": 2.5},
        {"event": "validation", "step": 3, "sequence_accuracy": 0.0, "symbol_error_rate": 1.0},
        {},
    ]
    page = read(write_run_report(tmp_path, "", metrics))
    assert "2.5" in page
    assert not re.search(r"\b(nan|inf)\b", page)


def test_of_two_records_of_a_step_the_later_one_counts(tmp_path: Path) -> None:
    twice = [{"event": "train", "step": 5, "minutes": 1, "loss": 7.25}, {"event": "train", "step": 5, "minutes": 1, "loss": 3.5}]
    page = read(write_run_report(tmp_path, "", twice))
    assert "3.5" in page
    assert "7.25" not in page


def test_disguising_characters_are_shown_by_number_and_joiners_are_not() -> None:
    assert visible("a\u202eb\n") == "a⟨U+202E⟩b⟨U+000A⟩"
    assert visible("می\u200cخواهم") == "می\u200cخواهم"


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("kind", ["evaluation", "run"])
def test_report_opens_in_a_browser(tmp_path: Path, kind: str) -> None:
    path = (
        write_evaluation_report(tmp_path, [evaluation(some_rows())], "in a browser")
        if kind == "evaluation"
        else write_run_report(tmp_path, "steps = 10", records(50), some_rows())
    )
    picture = tmp_path / "page.png"
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        f"--user-data-dir={tmp_path / 'profile'}", "--window-size=800,1200", f"--screenshot={picture}", path.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    with Image.open(picture) as page:
        assert page.size == (800, 1200)
        assert len(page.convert("RGB").getcolors(1 << 24) or []) > 50
