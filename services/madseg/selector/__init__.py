"""The selector: from predictions to MAD rankings and candidate sets.

In the order the data flows: absorb (records to rows), enter (pairs and leaders), chores (backfill, refill), walk (a
ranking, best first), queries and explain (answers), candidate_sets, edits (exclusions, forgetting), grpc_api.
"""
