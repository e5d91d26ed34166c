"""What stands behind the ports: one folder per port, each with `open_<port>(url)`."""
