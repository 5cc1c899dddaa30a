"""Trained models as folders: configuration, weights, ONNX graphs and a card, loaded without running code."""
