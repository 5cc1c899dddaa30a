"""Which licences let a clip be published with a report, degraded or not. What is not in the table may not."""

import re
from collections.abc import Iterable

PUBLISHABLE = frozenset(
    {
        "cc0",
        "cc0 1.0",
        "public domain",
        "public domain (iowa mis)",
        "cc by",
        "cc by 2.0",
        "cc by 2.5",
        "cc by 3.0",
        "cc by 4.0",
        "mit",
        "mit (copy)",
        "apache 2.0",
    }
)
"""In small letters, with spaces for hyphens. "Share alike" is left out: the page that holds such a clip would have to
be under the same licence. "Iowa MIS" are the University of Iowa Musical Instrument Samples, free for any use."""

SEPARATOR = "; "


def may_publish(licence: str) -> bool:
    """Tells whether every licence of a list "A; B" is known to allow publication; unknown ones and "" do not.

    >>> may_publish("CC-BY-4.0"), may_publish("CC0; CC BY-SA 3.0"), may_publish("")
    (True, False, False)
    """
    return all(re.sub(r"[\s-]+", " ", part.strip()).casefold() in PUBLISHABLE for part in licence.split(";"))


def joined(texts: Iterable[str]) -> str:
    """Returns licences or credits, each once, as one list "A; B" in alphabetical order; empty ones are left out."""
    return SEPARATOR.join(sorted({text for text in texts if text}))
