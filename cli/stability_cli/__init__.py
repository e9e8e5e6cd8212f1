"""The command line of `stability`: thin, with no mathematics of its own."""
