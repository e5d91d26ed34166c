"""What is proved on a running cluster: `make cluster`, then `make cluster-test`."""
