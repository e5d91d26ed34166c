"""EvaluationService: what versions are worth beyond Table 1."""
