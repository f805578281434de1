"""Reports: an evaluation or a training run as one HTML file that needs nothing else, and its numbers as JSON. No torch here."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqrec.charts import Points, chart, reliability, series
from seqrec.errors import DataError
from seqrec.files import write_whole
from seqrec.page import MAX_PICTURES, filled
from seqrec.reliability import RiskCoverage, reliability_bins
from seqrec.rows import Row, gallery
from seqrec.scores import RISKS, Evaluation, total, verdict

if TYPE_CHECKING:
    from seqrec.benchmark_table import Table

_CONFUSIONS = 40
_POINTS = 200  # of the curve of risk over coverage


def write_evaluation_report(folder: Path, evaluations: Sequence[Evaluation], title: str, table: "Table | None" = None) -> Path:
    """`report.html` and `evaluation.json` in a folder, which is made where it is missing; returns the page's path.

    Args:
        folder: Where to.
        evaluations: A section each, and one for their total.
        title: Of the page.
        table: The benchmark's table that the evaluations are columns of, and then have no total: it stands on the page, and in
            `table.json` and `table.md`.

    Raises:
        DataError: No evaluations, or of several protocols.
    """
    if not evaluations:
        raise DataError(f"report '{title}': there is no evaluation to report; evaluate at least one data set")
    together = total(evaluations) if len(evaluations) > 1 and table is None else None
    each = max(MAX_PICTURES // (3 * len(evaluations)), 1)
    sections = [_section(one, each) for one in evaluations] + ([_section(together, 0)] if together else [])
    page = filled("evaluation.html", title=title, sections=sections, together=together is not None, table=table)
    values: dict[str, object] = {"title": title, "evaluations": [one.as_dict() for one in evaluations]}
    if together:
        values["total"] = {key: value for key, value in together.as_dict().items() if key != "rows"}
    if table:
        write_whole(folder / "table.json", json.dumps(table.as_dict(), ensure_ascii=False, indent=1))
        write_whole(folder / "table.md", table.to_markdown())
    write_whole(folder / "evaluation.json", json.dumps(values, ensure_ascii=False, indent=1))
    return write_whole(folder / "report.html", page)


def write_run_report(folder: Path, recipe_toml: str, metrics: Sequence[Mapping[str, object]], rows: Sequence[Row] = ()) -> Path:
    """`report.html` of a training run: curves, held-out readings beside their pictures, the recipe; returns its path.

    Args:
        folder: The run folder; its name is the title.
        recipe_toml: The resolved recipe.
        metrics: The records of `metrics.jsonl`, in any number. Unknown events and keys, and numbers that are not finite, are
            passed over; of two records of one step, as after resuming, the later one counts.
        rows: Held-out readings, with pictures.
    """
    charts = {name: _run_charts(metrics, key, name) for key, name in (("step", "steps"), ("minutes", "minutes"))}
    shown = gallery(rows, MAX_PICTURES // 3)
    facts = _run_facts(metrics)
    page = filled("run.html", title=folder.absolute().name, facts=facts, charts=charts, shown=shown, recipe=recipe_toml)
    return write_whole(folder / "report.html", page)


def _section(evaluation: Evaluation, each: int) -> dict[str, object]:
    top = list(evaluation.confusions.items())[:_CONFUSIONS]
    return {
        "evaluation": evaluation,
        "confusions": [top[start : start + 10] for start in range(0, len(top), 10)],
        "kinds": sum(1 for _ in evaluation.confusions),
        "groups": evaluation.groups,
        "verdict": verdict(evaluation),
        "reliability": reliability(reliability_bins(*evaluation.outcomes)),
        "risk_coverage": _risk_coverage(evaluation.risk_coverage),
        "thresholds": [(risk, evaluation.threshold(risk)) for risk in RISKS],
        "shown": gallery(evaluation.rows, each),
    }


def _risk_coverage(curve: RiskCoverage) -> dict[str, object] | None:
    """The chart of what is wrong among the most confident readings."""
    places = np.unique(np.linspace(0, len(curve.thresholds) - 1, _POINTS).round().astype(int))
    points = list(zip((100 * curve.coverage[places]).tolist(), curve.risk[places].tolist(), strict=True))
    found = chart("Wrong among the most confident", "percent", [("all accepted", points)], percent=True)
    return found and found | {"x_name": "percent of readings accepted, most confident first"}


def _run_facts(metrics: Sequence[Mapping[str, object]]) -> list[tuple[str, str, str]]:
    """(what, value, remark) of each headline number that the records hold."""
    facts = []
    accuracy = series(metrics, "validation", "step", "sequence_accuracy")
    errors = series(metrics, "validation", "step", "symbol_error_rate")
    loss = series(metrics, "train", "step", "loss")
    speed = [value for _, value in series(metrics, "train", "step", "images_per_s")]
    if accuracy:
        step, best = max(accuracy, key=lambda point: point[1])
        remark = f"best, at step {step:,.0f}; last {100 * accuracy[-1][1]:.2f} %"
        facts.append(("Held-out accuracy", f"{100 * best:.2f} %", remark))
    if errors:
        facts.append(("Symbol error rate", f"{100 * errors[-1][1]:.2f} %", f"held out, at step {errors[-1][0]:,.0f}"))
    if loss:
        facts.append(("Training loss", f"{loss[-1][1]:.4g}", f"nats a symbol, at step {loss[-1][0]:,.0f}"))
    pictures = series(metrics, "train", "step", "pictures")
    minutes = series(metrics, "train", "step", "minutes")
    if minutes:
        seen = f"{pictures[-1][1]:,.0f} pictures" if pictures else ""
        facts.append(("Training time", f"{minutes[-1][1]:,.1f} min", seen))
    if speed:
        facts.append(("Speed", f"{statistics.median(speed):,.0f} images/s", "median while training"))
    return facts


def _run_charts(metrics: Sequence[Mapping[str, object]], x_key: str, x_name: str) -> list[dict[str, object]]:
    """The charts for which there are points, over steps or minutes."""

    def line(event: str, key: str, name: str) -> tuple[str, Points]:
        return name, series(metrics, event, x_key, key)

    charts = [
        chart("Loss", "nats a symbol", [line("train", "loss", "training"), line("validation", "loss", "held out")], log=True),
        chart(
            "Held-out accuracy",
            "percent",
            [line("validation", "sequence_accuracy", "whole readings right"), line("validation", "one_minus_ned", "1 − NED")],
            percent=True,
        ),
        chart("Symbol error rate", "percent, held out", [line("validation", "symbol_error_rate", "held out")], percent=True),
        chart("Learning rate", "", [line("train", "learning_rate", "learning rate")]),
        chart("Speed", "images a second", [line("train", "images_per_s", "training")]),
        chart("Blanks", "share of frames, percent", [line("train", "blank_share", "training")], percent=True),
    ]
    return [{**chart, "x_name": x_name} for chart in charts if chart]
