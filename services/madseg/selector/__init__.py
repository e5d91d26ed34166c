"""The selector: from predictions to MAD rankings and candidate sets.

In the order the data flows: absorb (records to rows), enter (pairs and leaders), chores (backfill, refill), replay
(requests for what images lack), walk (a ranking, best first), queries and explain (answers), candidate_sets and diff,
edits (exclusions, forgetting), history (expiry), grpc_api.
"""
