"""What several tools share: how a command ends, what its arguments mean, how it writes into a page, what machine it is on."""
