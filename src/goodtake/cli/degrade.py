"""``goodtake degrade``: paper 1's simulation of a bad recording, on files."""

from pathlib import Path
from typing import Annotated

import typer

from goodtake.errors import ConfigError


def degrade_command(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A clean recording; - is standard input.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File or folder; default: NAME.degraded beside FILE.")
    ] = None,
    snr: Annotated[float | None, typer.Option(help="Noise at this signal-to-noise ratio, dB.")] = None,
    drr: Annotated[float | None, typer.Option(help="A room at this direct-to-reverberant ratio, dB.")] = None,
    rt60: Annotated[float | None, typer.Option(help="A simulated room with this decay time, seconds.")] = None,
    eq: Annotated[
        str | None, typer.Option(metavar="A,B,C,D", help="Gains of 0-200, -1000, -4000 Hz and above, dB.")
    ] = None,
    clip: Annotated[float | None, typer.Option(help="Clip this far below the peak, dB.")] = None,
    low_pass: Annotated[float | None, typer.Option(help="Nothing above this frequency, Hz.")] = None,
    codec: Annotated[
        str | None, typer.Option(metavar="NAME:KBITS", help="A lossy generation: mp3, aac or opus, as mp3:64.")
    ] = None,
    gain: Annotated[float | None, typer.Option(help="Level change at the end, dB.")] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="paper1 (the default without other faults), paper1-noise-first, studio, all, eq, snr5, ..."),
    ] = None,
    bank: Annotated[
        Path | None, typer.Option(help="Folder with rir/, noise/, mic/; default: simulated rooms, generated noise.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
    replay: Annotated[Path | None, typer.Option(help="Apply the parameters in this .json again.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
) -> None:
    """Make a clean recording sound like a bad one, and write down how.

    Writes NAME.degraded.EXT, in the input's own format, and the drawn parameters as NAME.degraded.json.
    """
    # Imported here because the other commands do not need it.
    from goodtake.degrade.files import degrade_file, degraded_path, read_parameters
    from goodtake.degrade.request import describe, make_request

    wishes = {
        "preset": preset,
        "snr_db": snr,
        "drr_db": drr,
        "rt60_s": rt60,
        "gains_db": None if eq is None else _gains(eq),
        "clip_db": clip,
        "low_pass_hz": low_pass,
        "codec": codec,
        "gain_db": gain,
    }
    if replay is not None and any(wish is not None for wish in wishes.values()):
        raise ConfigError("--replay applies recorded parameters: leave the other faults and --preset out")
    request = make_request(**wishes) if replay is None else read_parameters(replay)  # type: ignore[arg-type]
    place = degraded_path(source, output)
    drawn = degrade_file(source, place, request, bank, seed, force)
    typer.echo(f"{place}: {describe(drawn)}", err=True)


def _gains(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(gain) for gain in text.split(","))
    except ValueError:
        raise ConfigError(f"--eq {text}: give four gains in dB with commas between them, as 3,-2,0,5") from None
