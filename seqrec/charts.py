"""The numbers of a chart: where its lines, axes and ticks stand in the view box; the template draws them as inline SVG."""

import math
import statistics
from collections.abc import Mapping, Sequence

from seqrec.reliability import Bin
from seqrec.rows import wilson_interval

Points = Sequence[tuple[float, float]]

_POINTS = 300  # points on a line of a chart
_PLOT = (62.0, 10.0, 390.0, 190.0)  # left, top, width and height of a chart's inside in its 472 × 240 view box
_SQUARE = (42.0, 12.0, 280.0, 200.0)  # the same of the reliability diagram


def series(metrics: Sequence[Mapping[str, object]], event: str, x_key: str, y_key: str) -> list[tuple[float, float]]:
    """Finite (x, y) of the records of one event, x rising."""
    found: dict[float, float] = {}
    for record in metrics:
        x, y = record.get(x_key), record.get(y_key)
        if record.get("event") != event or not isinstance(x, (int, float)) or not isinstance(y, (int, float)):
            continue
        if math.isfinite(x) and math.isfinite(y):
            found[float(x)] = float(y)
    return sorted(found.items())


def chart(
    title: str,
    unit: str,
    lines: Sequence[tuple[str, Points]],
    *,
    percent: bool = False,
    log: bool = False,
    log_x: bool = False,
) -> dict[str, object] | None:
    """What the chart macro draws, in units of its view box; nothing where no line has a point.

    Args:
        title: For its head.
        unit: Of y.
        lines: Name and points of each.
        percent: Whether y are shares.
        log: Whether y stands on a logarithmic axis where it is above 0 and spans more than a factor of 20.
        log_x: Whether x, all above 0, does.
    """
    lines = [(name, points) for name, points in lines if points]
    values = [y for _, points in lines for _, y in points]
    if not values:
        return None
    log = log and min(values) > 0 and max(values) > 20 * min(values)
    at = [x for _, points in lines for x, _ in points]
    low_x, high_x, x_ticks = _log_axis(min(at), max(at)) if log_x else _from_zero(max(at) or 1.0)
    low, high, ticks = _log_axis(min(values), max(values)) if log else _axis(min(values), max(values))
    left, top, width, height = _PLOT

    def at_x(value: float) -> float:
        share = math.log(value / low_x) / math.log(high_x / low_x) if log_x else value / high_x
        return round(left + width * share, 1)

    def at_y(value: float) -> float:
        share = math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
        return round(top + height * (1 - share), 1)

    return {
        "title": title,
        "unit": unit + (", log scale" if log else ""),
        "x_ticks": [(at_x(x), _number(x)) for x in x_ticks],
        "y_ticks": [(at_y(y), f"{100 * y:g}" if percent else _number(y)) for y in ticks],
        "lines": [
            {
                "name": name,
                "last": f"{100 * points[-1][1]:.2f} %" if percent else f"{points[-1][1]:.4g}",
                "points": [(at_x(x), at_y(y)) for x, y in _thinned(points)],
                "dots": len(points) <= 40,
            }
            for name, points in lines
        ],
        "mean_of": max(-(-len(points) // _POINTS) for _, points in lines),
    }


def reliability(bins: Sequence[Bin]) -> list[dict[str, object]]:
    """For each bin where its dot and its 95 % interval stand in the reliability diagram's 340 × 256 view box."""
    left, top, width, height = _SQUARE
    dots: list[dict[str, object]] = []
    for one in bins:
        low, high = wilson_interval(round(one.accuracy * one.samples), one.samples)
        y, y_high, y_low = (round(top + height * (1 - value), 1) for value in (one.accuracy, high, low))
        dots.append({"bin": one, "x": round(left + width * one.confidence, 1), "y": y, "y_high": y_high, "y_low": y_low})
    return dots


def _thinned(points: Points) -> Points:
    """At most `_POINTS` points, each the mean of its neighbours."""
    step = -(-len(points) // _POINTS)
    chunks = (points[start : start + step] for start in range(0, len(points), step))
    return [(statistics.fmean(x for x, _ in chunk), statistics.fmean(y for _, y in chunk)) for chunk in chunks]


def _axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """Ends and about five ticks, at multiples of 1, 2 or 5 times a power of ten; it reaches down to 0 where that is near."""
    if 0 <= low < 0.6 * high:
        low = 0.0
    if high <= low:
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return first * step, last * step, [round(number * step, 12) for number in range(first, last + 1)]


def _from_zero(high: float) -> tuple[float, float, list[float]]:
    """Ends and ticks of an axis that reaches from 0 to the highest value."""
    return 0.0, high, [tick for tick in _axis(0, high)[2] if tick <= high]


def _log_axis(low: float, high: float) -> tuple[float, float, list[float]]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if len(powers) <= 3 else (1,)
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    first = max((tick for tick in ticks if tick <= low), default=low)
    last = min((tick for tick in ticks if tick >= high and tick > first), default=high)
    return first, last, [tick for tick in ticks if first <= tick <= last]


def _number(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):g}{letter}"
    return f"{value:g}"
