"""From the services' messages to the client's values, and back."""
