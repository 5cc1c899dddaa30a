"""YAML that fills dataclasses: recipes of training and of evaluation.

A file says how it differs from its `base`; unknown keys and wrong types are errors; the resolved values are written
beside what was made with them.

```yaml
base: studio.yaml
optimiser:
  learning_rate: 3.0e-4
```
"""

from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from goodtake.errors import ConfigError

T = TypeVar("T")


def load_dataclass(kind: type[T], path: Path) -> T:
    """Reads a YAML file and its bases into a dataclass.

    Raises:
        ConfigError: when a file is missing, is not YAML, or has a key or type that the dataclass does not have.
    """
    return build(kind, load_values(path), str(path))


def load_values(path: Path) -> dict[str, Any]:
    """Returns the keys and values of a YAML file, merged over those of its `base`.

    Raises:
        ConfigError: when a file is missing, is not YAML or leads back to itself.
    """
    return _load_chain(path, ())


def dump(config: Any) -> str:
    """Writes a dataclass with all its values as YAML."""
    return str(yaml.safe_dump(plain(asdict(config)), sort_keys=False))


def plain(value: Any) -> Any:
    """Turns tuples into lists, for YAML."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def build(kind: type[T], values: Any, where: str) -> T:
    """Fills a dataclass, and those within it, from plain values.

    Args:
        kind: the dataclass.
        values: of YAML.
        where: for messages.

    Raises:
        ConfigError: on an unknown or missing key or a value of another type.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected keys and values, got {values!r}")
    hints = get_type_hints(kind)
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(str(key) for key in set(values) - known)
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}: use one of {', '.join(sorted(known))}")
    converted = {key: _convert(hints[key], value, f"{where}: {key}") for key, value in values.items()}
    try:
        return kind(**converted)
    except TypeError as error:  # a field without a default
        raise ConfigError(f"{where}: {str(error).split('.__init__() ')[-1]}") from error


def _convert(hint: Any, value: Any, where: str) -> Any:
    if hint is Any:
        return value
    if is_dataclass(hint):
        return build(hint, value, where)  # type: ignore[arg-type]
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return _convert_union(inner, value, where)
    if kind is tuple:
        return _convert_tuple(inner, value, where)
    if kind is dict:
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: expected keys and values, got {value!r}")
        return {_convert(inner[0], k, where): _convert(inner[1], v, f"{where}: {k}") for k, v in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ConfigError(f"{where}: expected {hint.__name__}, got {value!r}")
    return value


def _convert_union(choices: tuple[Any, ...], value: Any, where: str) -> Any:
    """Takes a value as the one of several types that it looks like."""
    if value is None and NoneType in choices:
        return None
    wanted = [choice for choice in choices if choice is not NoneType]
    dataclasses = [choice for choice in wanted if is_dataclass(choice)]
    if isinstance(value, dict) and dataclasses:
        return _convert(dataclasses[0], value, where)
    plain_ones = [choice for choice in wanted if not is_dataclass(choice)] or wanted
    fitting = [choice for choice in plain_ones if isinstance(choice, type) and isinstance(value, choice)]
    return _convert((fitting or plain_ones)[0], value, where)


def _convert_tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{where}: expected a list, got {value!r}")
    kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
    if len(kinds) != len(value):
        raise ConfigError(f"{where}: expected {len(kinds)} values, got {len(value)}")
    return tuple(
        _convert(kind, entry, f"{where}[{n}]") for n, (kind, entry) in enumerate(zip(kinds, value, strict=True))
    )


def _load_chain(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in seen:
        raise ConfigError(f"recipe {path} is its own base: name another one")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"recipe {path} cannot be read ({reason}): give the path of a recipe") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"recipe {path} is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"recipe {path} holds no keys: see recipes/ for examples")
    base = values.pop("base", None)
    return _merge(_load_chain(path.parent / str(base), (*seen, path.resolve())), values) if base else values


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
