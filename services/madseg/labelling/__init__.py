"""The human half of the method: scores that turn candidates into counterexamples, and masks for what was chosen.

Two gRPC services in one process, over tables of their own: `scoring` (Wang et al. 2022, Algorithm 1, lines 13 to 15)
and `masking` (line 16). What other services know they are asked over gRPC (`neighbours`).
"""
