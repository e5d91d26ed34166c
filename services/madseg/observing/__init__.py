"""What operators see of the services: figures for Prometheus, traces, and the ids in the logs.

`metrics` declares every figure, `exposing` gives them out; `measured` wraps ports, `calls` and `requests` watch the
servers, `readings` asks services at a scrape; `tracing` makes spans. Nothing here changes what a service does.
"""
