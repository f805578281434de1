"""Options of a renderer: a frozen dataclass, filled from a recipe's `[renderer]` table."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from seqrec.errors import RecipeError, nearest

Options = TypeVar("Options")
NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def with_options(present: Options, given: Mapping[str, object]) -> Options:
    """A dataclass of options with some of them replaced.

    Args:
        present: An instance whose fields are bool, int, float or str.
        given: Key → value.

    Raises:
        RecipeError: An unknown key, a value of another type, or one that the dataclass refuses.
    """
    known: dict[str, Any] = {field.name: getattr(present, field.name) for field in fields(present)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise RecipeError(f"unknown key 'renderer.{key}'{nearest(key, list(known))}")
        expected = type(known[key])
        fits = isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
        if expected is float and isinstance(value, int) and not isinstance(value, bool):
            value, fits = float(value), True
        if not fits:
            raise RecipeError(f"renderer.{key}: {value!r} is a {type(value).__name__}; expected {NAMES[expected]}")
        values[key] = value
    changed: Options = replace(present, **values)  # type: ignore[type-var]
    return changed


def require(fine: bool, key: str, value: object, expected: str) -> None:
    """Refuse a value that is out of range.

    Raises:
        RecipeError: It is not fine; the message names `renderer.KEY`.
    """
    if not fine:
        raise RecipeError(f"renderer.{key}: {value!r} is out of range; expected {expected}")
