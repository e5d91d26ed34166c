"""The real servers on any Linux machine without Docker: Kafka, Triton, PostgreSQL, an S3 server.

`python -m deploy.local start kafka` fetches, starts and checks one and prints its URL; the tests use the same classes.
"""
