"""Simulated people: raters who judge, annotators who draw, reviewers who check, all by the truth of the world.

They look at objects and outlines as people do (`perception`), never at a measure that madseg computes, so that what
the method makes of their work says something about the method.
"""
