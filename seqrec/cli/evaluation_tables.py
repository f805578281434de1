"""What `seqrec evaluate` prints: results as tables, which threshold to take, and what was skipped."""

from typing import TYPE_CHECKING

from seqrec.cli.console import complain, results_console

if TYPE_CHECKING:
    from seqrec.benchmark_table import Table
    from seqrec.scores import Evaluation


def tell(evaluations: "list[Evaluation]", table: "Table | None") -> None:
    """The results, which threshold to take, and what was skipped."""
    from seqrec.benchmark import FREE
    from seqrec.scores import total, verdict

    if table is None:
        rows = [*evaluations, *([total(evaluations)] if len(evaluations) > 1 else [])]
        print_table(rows)
        print_rates(rows)
        judged = evaluations
    else:
        print_benchmark(table)
        judged = [one.evaluations[FREE] for one in table.sets if one.evaluations]
    for one in judged:
        print(f"{one.name}: {verdict(one)}" if len(judged) > 1 else verdict(one))
    for one in judged:
        for skip in one.skipped[:3]:
            complain(f"{one.name}: {len(one.skipped)} skipped; '{skip.key}': {skip.reason}")
    for one in [] if table else evaluations:
        if one.without_lexicon:
            complain(f"{one.name}: {one.without_lexicon:,} of {one.samples:,} pictures have no lexicon and were read freely")


def print_table(evaluations: "list[Evaluation]") -> None:
    """One row a data set."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    first = evaluations[0]
    title = f"protocol {first.protocol}, alphabet {first.alphabet}" + (f", {first.decoding}" if first.decoding else "")
    table = Table(title=escape(title), box=box.SIMPLE)
    table.add_column("data set", overflow="fold", no_wrap=True)
    for column in ("samples", "right", "95 % interval", "symbol errors", "1 − NED", "images/s"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in evaluations:
        low, high = one.interval
        table.add_row(
            one.name,
            f"{one.samples:,}" if one.samples == one.size else f"{one.samples:,} of {one.size:,}",
            f"{one.sequence_accuracy:.2%}",
            f"{low:.1%}–{high:.1%}",
            f"{one.symbol_error_rate:.2%}",
            f"{one.one_minus_ned:.4f}",
            f"{one.images_per_s:,.0f}",
        )
    results_console().print(table)


def print_rates(evaluations: "list[Evaluation]") -> None:
    """One row a data set with the task's own metrics, where it has some."""
    from rich import box
    from rich.table import Table

    if not evaluations[0].rates:
        return
    table = Table(box=box.SIMPLE)
    table.add_column("data set", overflow="fold", no_wrap=True)
    for rate in evaluations[0].rates:
        table.add_column(rate.metric.name, justify="right")
    for one in evaluations:
        table.add_row(one.name, *map(str, one.rates))
    results_console().print(table)


def print_benchmark(table: "Table") -> None:
    """A table for each data set measured: published results and the reader's under them."""
    from rich import box
    from rich import table as rich_table
    from rich.text import Text

    for one in table.sets:
        if not one.evaluations:
            continue
        title = f"protocol {table.protocol.name}, {one.name}" + (f" in '{one.data}'" if one.data != one.name else "")
        shown = rich_table.Table(title=Text(f"{title}: right, percent"), box=box.SIMPLE)
        shown.add_column("", no_wrap=True)
        for column in one.columns:
            shown.add_column(Text(column), justify="right", no_wrap=True)
        for name, texts in table.rows([(one, column) for column in one.columns]):
            shown.add_row(Text(name), *texts, style="bold" if name == table.reader else None)
        results_console().print(shown)
    for line in table.remarks():
        print(line)
    others = [one.name for one in table.sets if not one.evaluations]
    if others:
        print(f"published too, but not measured here: {', '.join(others)}")


def print_rows(evaluation: "Evaluation") -> None:
    """Each reading beside its label."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"readings of '{evaluation.name}'")
    for column in ("picture", "label", "reading", "confidence", ""):
        table.add_column(column)
    for row in evaluation.rows:
        table.add_row(Text(row.key), Text(row.label), Text(row.text), f"{row.confidence:.0%}", "✓" if row.right else "✗")
    results_console().print(table)
