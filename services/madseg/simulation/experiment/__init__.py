"""The closed-loop experiment: is a network that learns from mined failures better than one that learns from others?

Each seed has a world, a stream and networks of its own. Arms differ in which images people are asked about; all else,
from the number of candidates to the recipe, is the same. The arithmetic is the selector's and the training that of
fine-tuning; only the services around them are missing.
"""
