"""A rest point as a number varies: what can vary, following it, and what is linearised along the way."""
