"""The generated world: scenes with exact truth, a stream that goes wrong in known ways, networks and raters for it."""
