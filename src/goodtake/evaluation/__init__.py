"""Benchmarks: systems x clips x conditions x metrics, as rows on disk, and reports made of those rows."""
