"""The manifests: valid on three versions of Kubernetes, in agreement with each other and with the code."""
