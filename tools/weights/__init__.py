"""Nine recipes, one a variant, trained for a few steps by any revision of this repository, and what weights they end with."""
