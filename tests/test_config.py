from dataclasses import dataclass, field

import pytest

from goodtake.config import build, dump, load_dataclass, load_values
from goodtake.errors import ConfigError


@dataclass(frozen=True)
class Part:
    name: str
    gain: float = 1.0
    options: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Whole:
    title: str = ""
    count: int = 3
    loud: bool = False
    limits: tuple[float, float] | None = None
    part: Part = field(default_factory=lambda: Part("a"))
    parts: tuple[Part | str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)


def test_a_file_is_a_difference_from_its_base(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "base.yaml").write_text("title: base\ncount: 7\npart: {name: b, gain: 2}\nparts: [x, y]\n")
    (tmp_path / "more" / "own.yaml").write_text("base: ../base.yaml\ntitle: own\npart: {gain: 3}\nparts: [{name: z}]\n")
    own = load_dataclass(Whole, tmp_path / "more" / "own.yaml")
    assert own == Whole("own", 7, part=Part("b", 3.0), parts=(Part("z"),))
    assert load_values(tmp_path / "base.yaml")["count"] == 7
    (tmp_path / "empty.yaml").write_text("")
    assert load_dataclass(Whole, tmp_path / "empty.yaml") == Whole()


def test_what_is_written_is_read_again(tmp_path):
    whole = Whole("t", 1, True, (0.1, 2.0), Part("p", options={"a": 1.5}), ("x", Part("y")), {"l1": 0.3})
    (tmp_path / "whole.yaml").write_text(dump(whole), encoding="utf-8")
    assert load_dataclass(Whole, tmp_path / "whole.yaml") == whole


def test_whole_numbers_become_floats_and_lists_tuples():
    whole = build(Whole, {"limits": [1, 2], "weights": {"a": 1}, "parts": ["s", {"name": "d"}]}, "w")
    assert whole == Whole(limits=(1.0, 2.0), weights={"a": 1.0}, parts=("s", Part("d")))
    assert all(isinstance(value, float) for value in [*whole.limits, whole.weights["a"]])
    assert build(Whole, {"limits": None}, "w").limits is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"colour": 1}, "w: unknown key 'colour': use one of count, limits, loud"),
        ({"part": {}}, "w: part: missing 1 required positional argument: 'name'"),
        ({"part": {"name": "a", "gian": 1}}, "w: part: unknown key 'gian'"),
        ({"parts": [{"nam": "a"}]}, r"w: parts\[0\]: unknown key 'nam'"),
        ({"parts": [3]}, r"w: parts\[0\]: expected str, got 3"),
        ({"parts": "abc"}, "w: parts: expected a list, got 'abc'"),
        ({"count": 2.5}, "w: count: expected int, got 2.5"),
        ({"count": True}, "w: count: expected int, got True"),
        ({"title": 3}, "w: title: expected str, got 3"),
        ({"title": None}, "w: title: expected str, got None"),
        ({"loud": 1}, "w: loud: expected bool, got 1"),
        ({"limits": [1]}, "w: limits: expected 2 values, got 1"),
        ({"limits": ["a", 2]}, r"w: limits\[0\]: expected float, got 'a'"),
        ({"weights": {"a": "b"}}, "w: weights: a: expected float, got 'b'"),
        ({"weights": [1]}, r"w: weights: expected keys and values, got \[1\]"),
        ({"weights": {1: 1.0}}, "w: weights: expected str, got 1"),
        ([], r"w: expected keys and values, got \[\]"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values, message):
    with pytest.raises(ConfigError, match=message):
        build(Whole, values, "w")


def test_files_that_are_no_recipes_say_so(tmp_path):
    for text, message in (
        ("a: [1", r"is not YAML"),
        ("- 1\n", "holds no keys: see recipes/"),
        ("base: own.yaml\n", "is its own base"),
        ("base: other.yaml\n", r"other\.yaml cannot be read \(No such file or directory\): give the path"),
    ):
        (tmp_path / "own.yaml").write_text(text)
        with pytest.raises(ConfigError, match=message):
            load_dataclass(Whole, tmp_path / "own.yaml")
    (tmp_path / "own.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        load_values(tmp_path / "own.yaml")
