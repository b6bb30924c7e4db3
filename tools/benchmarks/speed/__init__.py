"""The benchmarks of speed: textbook loops, hand-written loops and ``ganzoo run`` on the same networks."""
