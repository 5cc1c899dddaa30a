"""Choosing among files by the seed, and naming what was chosen. Every source does it with these functions."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from goodtake.errors import ConfigError, DatasetError
from goodtake.evaluation.recipe import ClipSet
from goodtake.evaluation.sources.base import EvaluationClip

T = TypeVar("T")
LONGEST_NAME = 80


def check_kind(clip_set: ClipSet, kinds: Sequence[str]) -> None:
    """Checks the kind of a set.

    Raises:
        ConfigError: when the source does not have it.
    """
    if clip_set.kind not in kinds:
        known = ", ".join(kinds) if any(kinds) else "none: leave it out"
        raise ConfigError(f"source {clip_set.source}: unknown kind {clip_set.kind!r}: use one of {known}")


def take(items: Sequence[T], clip_set: ClipSet, seed: int) -> list[T]:
    """Takes `count` items in an order drawn from the seed; all of them, in their order, for 0.

    Raises:
        DatasetError: when there are fewer.
    """
    if clip_set.count > len(items):
        raise DatasetError(
            f"source {clip_set.source}: {clip_set.count} clips wanted, {clip_set.path or 'it'} has {len(items)}"
            f"{f' of kind {clip_set.kind}' if clip_set.kind else ''}: set count to {len(items)} or less, or 0 for all"
        )
    if clip_set.count == 0:
        return list(items)
    return [items[i] for i in np.random.default_rng(seed).permutation(len(items))[: clip_set.count]]


def take_crops(items: Sequence[T], clip_set: ClipSet, seed: int) -> list[tuple[T, int]]:
    """Takes `count` crops in an order drawn from the seed, each with its number among those of its item.

    No item comes twice before all others came once; a count of 0 takes one crop of each.
    """
    order = np.random.default_rng(seed).permutation(len(items)) if clip_set.count else range(len(items))
    return [(items[order[n % len(items)]], n // len(items)) for n in range(clip_set.count or len(items))]


def rng_of(seed: int, name: str) -> np.random.Generator:
    """Returns the generator of one clip: it does not depend on which other clips there are."""
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), "<u4")
    return np.random.default_rng([seed, *(int(word) for word in words)])


def safe_name(text: str) -> str:
    """Returns a text as a file name of plain letters, digits, `_`, `-` and `.`, at most 80 long.

    What was left out or cut off still counts, through six digits of a hash.

    >>> safe_name("Bach/Prelude in C.wav".removesuffix(".wav"))
    'Bach_Prelude_in_C'
    >>> safe_name("Präludium") != safe_name("Pr\u00f2ludium")
    True
    """
    plain = re.sub(r"[^A-Za-z0-9.-]+", "_", text).strip("_.-")
    if len(plain) <= LONGEST_NAME and not re.search(r"[^A-Za-z0-9 _/.-]", text) and plain:
        return plain
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{plain[: LONGEST_NAME - 7]}_{digest}" if plain else f"clip_{digest}"


def with_unique_names(clips: Sequence[EvaluationClip]) -> list[EvaluationClip]:
    """Returns the clips with a number behind each name that a file system could take for an earlier one."""
    taken: set[str] = set()
    named = []
    for clip in clips:
        name, number = clip.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{clip.name}-{number}"
        taken.add(name.casefold())
        named.append(replace(clip, name=name))
    return named
