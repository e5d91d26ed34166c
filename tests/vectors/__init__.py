"""Vectors that tests in more than one language share."""
