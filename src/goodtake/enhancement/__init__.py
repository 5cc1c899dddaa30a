"""Enhancing recordings, as arrays, streams and files: NumPy and ONNX Runtime, no torch."""
