"""The documents are held to the code: links resolve, Python compiles, commands and options exist and are described."""

import ast
import doctest
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from goodtake.cli.main import app

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
CLI: Any = typer.main.get_command(app)

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"""\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|(?:src|href)="([^"]+)\"""")
SHELLS = frozenset({"", "bash", "sh", "shell", "console", "text"})


def commands(group: Any = CLI, path: str = "goodtake") -> Iterator[tuple[str, Any]]:
    """Yields the full name of every command that does something, and the command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def blocks(languages: frozenset[str]) -> list[tuple[str, str]]:
    """The fenced blocks in some languages, with the pages they stand on."""
    return [(page, body) for page, text in TEXTS.items() for lang, body in FENCE.findall(text) if lang in languages]


def typed_lines() -> list[tuple[str, str]]:
    """Every `goodtake ...` that a page tells the reader to type, in blocks and in running text."""
    lines = []
    for page, body in blocks(SHELLS):
        for line in body.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|\||[|;]", line.partition(" #")[0].removeprefix("$ ")):
                if part.strip().startswith("goodtake "):
                    lines.append((page, part.strip()))
    for page, text in TEXTS.items():
        prose = FENCE.sub("", text)
        lines += [(page, code) for code in re.findall(r"`(goodtake [^`\n]+)`", prose)]
    return lines


def fault_of(line: str) -> str | None:
    """What the command line would not understand in a typed line, or None."""
    words = shlex.split(line)[1:]
    command = CLI
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in command.commands:
            return f"no command {name}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known.add("--help")
    for word in words:
        option = word.partition("=")[0]
        if re.match(r"--?[a-zA-Z]", word) and option not in known:
            return f"no option {option}"
    return None


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_every_command_has_help(name: str, command: Any) -> None:
    assert command.help
    assert command.help.strip()
    missing = [p.name for p in command.params if p.param_type_name == "option" and not (p.help or "").strip()]
    assert not missing, f"{name}: no help for {', '.join(missing)}"


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_has_a_heading_in_the_docs(name: str) -> None:
    headings = [line for text in TEXTS.values() for line in FENCE.sub("", text).splitlines() if line.startswith("#")]
    assert any(re.search(rf"{re.escape(name)}\b", heading) for heading in headings), f"no page has a heading `{name}`"


def test_typed_lines_are_found_and_faults_are_seen() -> None:
    assert any(line.startswith("goodtake enhance") for _, line in typed_lines())
    assert fault_of("goodtake enhance take.wav") is None
    assert fault_of("goodtake enhence take.wav") == "no command enhence"
    assert fault_of("goodtake enhance take.wav --no-such-option=3") == "no option --no-such-option"


@pytest.mark.parametrize(("page", "line"), typed_lines())
def test_what_a_page_tells_to_type_exists(page: str, line: str) -> None:
    assert fault_of(line) is None


PYTHON = [(page, code) for page, code in blocks(frozenset({"python", "py"})) if ">>>" not in code]
EXAMPLES = sorted(page for page, text in TEXTS.items() if ">>>" in text)


@pytest.mark.parametrize(("page", "code"), PYTHON)
def test_python_blocks_compile_and_import_what_exists(page: str, code: str) -> None:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "goodtake":
            module = importlib.import_module(str(node.module))
            missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
            assert not missing, f"{node.module} has no {', '.join(missing)}"


@pytest.mark.parametrize("page", EXAMPLES)
def test_examples_say_what_they_show(page: str) -> None:
    code = "\n".join(body for language, body in FENCE.findall(TEXTS[page]) if language in {"python", "py", "pycon"})
    said: list[str] = []
    doctest.DocTestRunner().run(doctest.DocTestParser().get_doctest(code, {}, page, page, 0), out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_links_resolve(page: str) -> None:
    targets = [first or second for first, second in LINK.findall(FENCE.sub("", TEXTS[page]))]
    broken = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page are linked to."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_the_map_of_the_docs_is_whole() -> None:
    index = TEXTS["docs/index.md"]
    missing = [page for page in TEXTS if page.startswith("docs/") and page != "docs/index.md" and page[5:] not in index]
    assert not missing, f"docs/index.md does not link {', '.join(missing)}"


def test_the_map_of_the_packages_is_whole() -> None:
    drawn = re.findall(r"^  (\w+(?:/|\.py)) ", TEXTS["docs/architecture.md"], re.MULTILINE)
    source = ROOT / "src" / "goodtake"
    there = [f"{path.parent.name}/" for path in source.glob("*/__init__.py")]
    there += [path.name for path in source.glob("*.py") if not path.name.startswith("__")]
    assert sorted(drawn) == sorted(there)


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    two = [line for _, body in FENCE.findall(TEXTS["README.md"]) for line in body.splitlines() if "pip install" in line]
    assert len(two) == 2, "the README sets everything up with exactly two commands"
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for step in (step.strip() for line in two for step in line.partition(" #")[0].split("&&")):
        assert step in ci, f".ci/run does not run: {step}"
