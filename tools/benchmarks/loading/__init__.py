"""How fast data comes: decoding into the cache, reading batches from it, and what that adds to a training step."""
