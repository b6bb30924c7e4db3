"""What a user sees: progress, tables, pictures."""
