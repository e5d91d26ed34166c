"""Tests of how much of everything a stream needs."""
