"""The fine-tune service."""
