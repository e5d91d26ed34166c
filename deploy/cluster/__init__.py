"""A one-node Kubernetes on a Linux machine without Docker, with madseg and all its servers on it: `make cluster`.

Everything runs in one network namespace without a way out of the machine, below one folder; `make cluster-down` ends it
and leaves nothing. Needs root.
"""
