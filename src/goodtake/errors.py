"""Everything a user can cause to go wrong, as one tree.

* GoodtakeError
  * AudioError              a file cannot be read or written as audio
    * UnreadableAudioError  not audio, damaged, truncated, empty, without a sound track
    * UnwritableAudioError  the output cannot be written: folder, permission, space, format
  * OutputExistsError       the output is there already, or is the input itself
  * ConfigError             an option, recipe or parameter has a value it cannot have
  * BundleError             a model is unknown, damaged or made for another version
  * DatasetError            training or evaluation material is missing or unusable
  * MissingExtraError       an optional package is needed; the message holds the install line

Each message is one line that says what was given, what was expected and what to do.
"""


class GoodtakeError(Exception):
    """The base of every error goodtake raises on purpose."""


class AudioError(GoodtakeError):
    """A file cannot be read or written as audio."""


class UnreadableAudioError(AudioError):
    """The input is not audio, is damaged, truncated, empty or has no sound track."""


class UnwritableAudioError(AudioError):
    """The output cannot be written: its folder, its permissions, the disk or the format."""


class OutputExistsError(GoodtakeError):
    """The output exists already, or is the same file as the input."""


class ConfigError(GoodtakeError):
    """An option, recipe or parameter has a value it cannot have."""


class BundleError(GoodtakeError):
    """A model is unknown, damaged or made for another version."""


class DatasetError(GoodtakeError):
    """Training or evaluation material is missing or unusable."""


class MissingExtraError(GoodtakeError):
    """An optional package is needed.

    Args:
        package: the module that could not be imported.
        extra: the goodtake extra that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed: run  pip install 'goodtake[{extra}]'")
