"""The checks that need a GPU, one process each, and the same checks rehearsed on a CPU."""
