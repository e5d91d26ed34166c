"""The generated world: the same bytes everywhere, the rates it promises, networks that are good at home."""
