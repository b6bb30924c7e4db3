"""The benchmarks of quality: what is trained, what must come out, and how the page about it is written."""
