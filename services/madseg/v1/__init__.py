"""Stubs generated from protos/madseg/v1 by `make proto`; nothing here is written by hand."""
