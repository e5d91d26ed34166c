"""The method, pure: no I/O, no clock, no randomness that is not passed in.

Files in the order the data flows:
errors, taxonomy, preprocess, label_map, messages, competition, confusion, discrepancy, content, ranking, candidates.
"""
