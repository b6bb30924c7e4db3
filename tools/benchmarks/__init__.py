"""What is measured: speed, loading, quality."""
