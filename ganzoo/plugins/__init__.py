"""What the registry reads plugins from: entry-point modules, one-file plugins, plain networks, the index of our distributions."""
