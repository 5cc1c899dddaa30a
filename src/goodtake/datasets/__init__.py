"""Clean music to train on, each clip with its source: recordings, notes, rendered scores."""
