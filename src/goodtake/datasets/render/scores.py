"""Reads MIDI files as written music: one part per track and channel, times in beats.

Tempo changes inside a score are ignored (the renderer draws its own); the first tempo is kept as the written one. Needs
`mido`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from goodtake.datasets.render.music import Music, Part, Role, ScoreNote
from goodtake.errors import DatasetError, MissingExtraError

_DRUM_CHANNEL = 9


def read_score(path: Path) -> Music:
    """Reads one standard MIDI file.

    Raises:
        DatasetError: the file is missing, no MIDI, or holds no notes.
        MissingExtraError: `mido` is not installed.
    """
    try:
        import mido
    except ImportError as error:
        raise MissingExtraError("mido", "train") from error
    try:
        midi = mido.MidiFile(path)
    except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
        raise DatasetError(f"{path} cannot be read as MIDI ({error}): expected a standard MIDI file") from error
    if midi.ticks_per_beat <= 0:
        raise DatasetError(f"{path} counts time in frames (SMPTE): expected a MIDI file that counts beats")
    notes: defaultdict[tuple[int, int], list[ScoreNote]] = defaultdict(list)
    tempo, beats_per_bar = None, 4.0
    for track_number, track in enumerate(midi.tracks):
        tick = 0
        held: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for message in track:
            tick += message.time
            if message.type == "set_tempo" and tempo is None:
                tempo = message.tempo
            elif message.type == "time_signature" and tick == 0:
                beats_per_bar = 4.0 * message.numerator / message.denominator
            elif message.type == "note_on" and message.velocity > 0:
                held[message.channel, message.note].append((tick, message.velocity))
            elif message.type in ("note_off", "note_on") and held[message.channel, message.note]:
                start, velocity = held[message.channel, message.note].pop(0)
                if tick > start:
                    beat, length = start / midi.ticks_per_beat, (tick - start) / midi.ticks_per_beat
                    notes[track_number, message.channel].append(
                        ScoreNote(beat, length, message.note, (velocity - 90) / 254)
                    )
    if not notes:
        raise DatasetError(f"{path} holds no notes: take it out of the scores")
    parts = tuple(
        Part(_role(channel, track_notes), tuple(sorted(track_notes, key=lambda note: (note.start, note.pitch))))
        for (_, channel), track_notes in sorted(notes.items())
    )
    return Music(path.stem, parts, bpm=60e6 / (tempo or 500_000), beats_per_bar=beats_per_bar)


def read_scores(paths: Iterable[Path]) -> tuple[Music, ...]:
    """Reads MIDI files and folders of them (`*.mid`, `*.midi`, also in subfolders), sorted by path.

    Raises:
        DatasetError: there is no file, or one cannot be used.
        MissingExtraError: `mido` is not installed.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        files += sorted(p for p in path.rglob("*.mid*") if p.is_file()) if path.is_dir() else [path]
    if not files:
        raise DatasetError("no score given: expected MIDI files or folders that hold some")
    return tuple(read_score(file) for file in files)


def section(rng: np.random.Generator, music: Music, beats: float) -> Music:
    """Returns a random stretch of a score, from a bar line, repeated when the score is shorter.

    Args:
        rng: where chance comes from.
        music: the score.
        beats: at least so long.
    """
    last = max(note.end for part in music.parts for note in part.notes)
    bars = max(1, int(np.ceil(last / music.beats_per_bar)))
    length = bars * music.beats_per_bar
    free = max(0, int((length - beats) / music.beats_per_bar))
    begin = int(rng.integers(free + 1)) * music.beats_per_bar
    parts = []
    for part in music.parts:
        taken = [
            replace(note, start=note.start + turn * length - begin)
            for turn in range(int(np.ceil((begin + beats) / length)))
            for note in part.notes
            if begin <= note.start + turn * length < begin + beats
        ]
        if taken:
            parts.append(replace(part, notes=tuple(taken)))
    return replace(music, parts=tuple(parts)) if parts else music


def _role(channel: int, notes: list[ScoreNote]) -> Role:
    """Drums by channel; the rest by texture and height."""
    if channel == _DRUM_CHANNEL:
        return "drums"
    if Part("chords", tuple(notes)).polyphonic or len({note.start for note in notes}) < 0.8 * len(notes):
        return "chords"
    return "bass" if np.median([note.pitch for note in notes]) < 48 else "melody"
