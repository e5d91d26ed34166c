"""In order: a revision's file bears its number."""
