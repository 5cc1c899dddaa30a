"""``goodtake diagnose``: what is wrong with recordings, and what enhance will do about it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goodtake.errors import ConfigError, GoodtakeError, OutputExistsError, UnwritableAudioError

if TYPE_CHECKING:
    from goodtake.diagnosis.diagnosis import Diagnosis


def diagnose_command(
    inputs: Annotated[list[str], typer.Argument(help="Recordings; - reads WAV from standard input.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="SVG", help="Draw a picture: a .svg file, or an existing folder."),
    ] = None,
    model: Annotated[str, typer.Option(help="Installed model, or the folder of a bundle.")] = "studio",
    force: Annotated[bool, typer.Option("--force", help="Replace existing pictures.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Tell what is wrong with recordings: noise, room, colour, hum, clipping, bandwidth."""
    # Imported here because the other commands do not need it.
    from goodtake.diagnosis.picture import diagnosis_svg
    from goodtake.enhancement.enhancer import Enhancer
    from goodtake.enhancement.survey import diagnose

    targets = plan_pictures(inputs, picture, force)
    enhancer = Enhancer(model)
    failed = 0
    for source, target in zip(inputs, targets, strict=True):
        try:
            diagnosis = diagnose(source, enhancer)
            if target is not None:
                write_picture(target, diagnosis_svg(diagnosis))
        except GoodtakeError as error:
            failed += 1
            typer.echo(f"goodtake: {error}", err=True)
            continue
        if json:
            typer.echo(diagnosis.to_json(indent=None))
        elif not quiet:
            show(diagnosis, source)
    if failed:
        sys.exit(1)


def plan_pictures(inputs: list[str], picture: Path | None, force: bool) -> list[Path | None]:
    """Names the picture of each input, or None for each when none is wanted.

    Raises:
        ConfigError: one file for several inputs, two inputs with one picture, or a file that is no .svg.
        UnwritableAudioError: the folder is not there.
        OutputExistsError: a picture is there already.
    """
    if picture is None:
        return [None] * len(inputs)
    if picture.is_dir():
        targets = [picture / f"{'take' if source == '-' else Path(source).stem}.svg" for source in inputs]
    elif len(inputs) > 1:
        raise ConfigError(f"{len(inputs)} recordings cannot be drawn into {picture}: give an existing folder")
    else:
        targets = [picture]
    if len(set(targets)) < len(targets):
        raise ConfigError(f"two recordings of the same name would share a picture in {picture}: draw them one by one")
    for target in targets:
        if target.suffix.lower() != ".svg":
            raise ConfigError(f"{target} is not named .svg: the picture is SVG, name it so")
        if not target.parent.is_dir():
            raise UnwritableAudioError(f"folder {target.parent} does not exist: make it first")
        if target.exists() and not force:
            raise OutputExistsError(f"{target} exists: choose another name, or give --force to replace it")
    return list(targets)


def write_picture(target: Path, svg: str) -> None:
    """Writes a picture under a temporary name and renames it, so that no half picture stays.

    Raises:
        UnwritableAudioError: the disk or the folder does not take it.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_text(svg, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UnwritableAudioError(f"{target} cannot be written ({error.strerror}): choose another place") from error


def show(diagnosis: "Diagnosis", source: str) -> None:
    """Prints a diagnosis for people: what was measured, what was found, what enhance will do."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"none": "green", "slight": "yellow", "clear": "dark_orange", "strong": "red"}
    console = Console(highlight=False, soft_wrap=False)
    console.print(Text(diagnosis.name or source, style="bold"))
    console.print(Text(measured_line(diagnosis), style="dim"))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in (*diagnosis.faults, *(f for f in diagnosis.findings if f.severity == "none")):
        colour = colours[finding.severity]
        word = "fine" if finding.severity == "none" else finding.severity
        style = "dim" if finding.severity == "none" else ""
        table.add_row(Text(word, style=colour), Text(finding.kind, style=style), Text(finding.text, style=style))
    console.print(table)
    console.print(Text(diagnosis.plan, style="bold"))


def measured_line(diagnosis: "Diagnosis") -> str:
    """Returns the figures of a take on one line."""
    from goodtake.diagnosis.wording import minus, seconds

    m = diagnosis.measurements
    channels = {1: "mono", 2: "stereo"}.get(m.channels, f"{m.channels} channels")
    parts = [seconds(m.duration_s), f"{m.sample_rate_hz / 1000:g} kHz", channels, f"peak {minus(m.peak_dbfs)} dBFS"]
    if m.loudness_lufs is not None:
        parts.append(f"{minus(m.loudness_lufs)} LUFS")
    summary = diagnosis.summary()
    for key, label, unit in (("snr_db", "SNR", "dB"), ("drr_db", "DRR", "dB"), ("rt60_s", "decay", "s")):
        value = summary[key]["value"]
        if value is not None:
            parts.append(f"{label} {minus(value)} {unit}")
    if m.bandwidth_hz >= 20:
        parts.append(f"content to {m.bandwidth_hz / 1000:.1f} kHz")
    return ", ".join(parts)
