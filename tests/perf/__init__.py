"""Benchmarks of the hot paths against their baselines: `make bench`."""
