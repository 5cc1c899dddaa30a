"""Libraries of single notes: index, decoded samples, the nearest note to a wanted pitch."""

from goodtake.datasets.notes.library import MAX_SHIFT_SEMITONES, Note, NoteLibrary, Timbre, pick_layer
from goodtake.datasets.notes.sample import Sample

__all__ = ["MAX_SHIFT_SEMITONES", "Note", "NoteLibrary", "Sample", "Timbre", "pick_layer"]
