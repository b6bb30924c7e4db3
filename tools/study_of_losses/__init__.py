"""A controlled study: every adversarial loss with every regulariser, on the same networks and data, each pair under the same budget."""
