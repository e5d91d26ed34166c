"""The pages of the docs: their links lead somewhere, and what they tell people to type does what they say."""
