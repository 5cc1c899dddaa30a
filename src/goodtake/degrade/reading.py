"""Fills the parameter dataclasses from plain JSON values, strictly: replayed parameters either fit or say why not."""

import math
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from goodtake.errors import ConfigError

T = TypeVar("T")


def build(kind: type[T], values: Any, where: str) -> T:
    """Returns a dataclass, and those within it, from nested dicts and lists.

    Args:
        kind: the dataclass.
        values: what JSON gave.
        where: the place in the whole, for messages.

    Raises:
        ConfigError: on an unknown or missing key or a value of another type.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected an object with keys, got {values!r}")
    hints = get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}: use one of {', '.join(sorted(hints))}")
    for entry in fields(kind):  # type: ignore[arg-type]
        if entry.default is MISSING and entry.name not in values:
            raise ConfigError(f"{where}: {entry.name!r} is missing: add it")
    return kind(**{key: _convert(hints[key], value, f"{where}.{key}") for key, value in values.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:
    choices = get_args(hint)
    if type(None) in choices:
        return None if value is None else _convert(choices[0], value, where)
    if get_origin(hint) is tuple:
        return _convert_tuple(choices, value, where)
    if is_dataclass(hint):
        return build(hint, value, where)  # type: ignore[arg-type]
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ConfigError(f"{where}: {value} is not a number that can be used: give a finite one")
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ConfigError(f"{where}: expected {hint.__name__}, got {value!r}")
    return value


def _convert_tuple(choices: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{where}: expected a list, got {value!r}")
    kinds = [choices[0]] * len(value) if choices[-1] is Ellipsis else list(choices)
    if len(kinds) != len(value):
        raise ConfigError(f"{where}: expected {len(kinds)} values, got {len(value)}")
    return tuple(_convert(kind, item, f"{where}[{n}]") for n, (kind, item) in enumerate(zip(kinds, value, strict=True)))
