"""What is wrong with a recording: classical measures, findings in plain words, and a picture; NumPy only."""
