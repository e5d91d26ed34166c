"""What the client gives and takes: frozen dataclasses of plain Python, no protobuf and no numpy."""
