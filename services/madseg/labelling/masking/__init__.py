"""Masks: drawn by one person, checked by another (Wang et al. 2022, Algorithm 1, line 16).

In the order of a task's life: making, drawing (and starts, what is begun from), reviews and findings, sending_back,
exporting. `importing` takes masks that were drawn elsewhere, `ceiling` compares those that were drawn twice.
"""
