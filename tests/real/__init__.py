"""Runs on real networks and photographs, where they are: `make real`."""
