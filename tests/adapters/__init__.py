"""What single adapters promise beyond their port: files, failures of the machine, messages."""
