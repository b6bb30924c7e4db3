"""Toy games whose optimal critic is known, played by the product's own components and engine: what is checked and drawn."""
