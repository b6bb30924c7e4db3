"""The distance to the data over processor time, of networks that grow and of such that do not."""
