"""What a phase portrait shows, computed: planes, nullclines, separatrices, cycles, basins, paths."""
