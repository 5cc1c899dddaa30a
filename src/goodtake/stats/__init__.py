"""Intervals and tests for figures of clips and answers of listeners."""
