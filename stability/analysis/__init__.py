"""One system in both engines, where it rests, and what is true there: what every view is made from."""
