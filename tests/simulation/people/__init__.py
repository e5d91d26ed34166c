"""Simulated people: their judgement follows what is wrong, as a person would see it, with the failings they have."""
