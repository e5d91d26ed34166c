"""Fine-tuning (Wang et al. 2022, Algorithm 1, line 20): the target learns from its counterexamples, and is released."""
