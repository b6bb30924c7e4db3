"""A finished run: sampled, measured, exported, packed."""
