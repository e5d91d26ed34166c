"""Rounds: Algorithm 1 as a durable state machine, and what the versions that come of it are worth."""
