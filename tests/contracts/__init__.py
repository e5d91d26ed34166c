"""One suite per port. Every adapter and every fake passes the suite of its port, unchanged."""
