"""A stranger's network is read, wrapped and run in a process of its own, which holds no secret and can do little.

    whoever adds it            the process
    ───────────────            ───────────
    path, card, grid   ──────► limits itself (`confine`), then `verified`
    served form, report ◄───── or one sentence on why not

It may take so much memory and time, write no file, open no connection and start no program; where it takes too long it
is killed, and where it crashes that is the network's refusal. What it answers is a line of JSON and the bytes of the
served form, so whatever takes it over gets no further.
"""
