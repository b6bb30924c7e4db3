"""Everything that trains: backward, step and the move to a device live only here."""
