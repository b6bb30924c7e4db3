"""Sources of components: entry-point modules, one-file plugins, wrapped networks, the index of our distributions."""
