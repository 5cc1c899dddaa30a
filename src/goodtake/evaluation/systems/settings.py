"""What the factories of systems share: options of a kind, checked, and the digest of all that decides an output."""

import hashlib
import json
from typing import Any, TypeVar

from goodtake.config import build
from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import SystemSpec

T = TypeVar("T")


def read_options(options: type[T], spec: SystemSpec) -> T:
    """Fills the options of a kind, a dataclass of numbers, from a recipe.

    Raises:
        ConfigError: an option that the kind does not have, or one that is no number.
    """
    return build(options, spec.options, f"options of system {spec.name}")


def check_range(value: float, lowest: float, highest: float, what: str) -> None:
    """Checks a number of a recipe.

    Raises:
        ConfigError: it lies outside the range, or is NaN.
    """
    if not lowest <= value <= highest:
        raise ConfigError(f"{what} is {value:g}: give {lowest:g} to {highest:g}")


def digest_of(**settings: Any) -> str:
    """Returns SHA-256 over values by name, in hexadecimal; the order of the names does not count."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
