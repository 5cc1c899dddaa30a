"""Diagnosis and enhancement of recordings: NumPy and ONNX Runtime, no torch."""
