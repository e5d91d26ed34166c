"""Everything that a deployment knows, in files that any tool reads: `madseg export all` and `madseg export check`.

It is asked for by the client's calls, so it is the same on embedded parts and on real servers. What refers to something
is written before that, as in a backup: rounds, runs, scores, masks, candidate sets, rankings, then the images. Each
file appears when it is whole, so a run that was killed goes on where it was. At the end whatever was forgotten
meanwhile is taken out again, everything is hashed, and `manifest.json` says that the export is whole.

The layout is written down in docs/operations.md.
"""
