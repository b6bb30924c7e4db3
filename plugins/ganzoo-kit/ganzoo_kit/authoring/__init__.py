"""For those who publish plugins: a project to start from (``scaffold``), and its examination as a stranger would meet it."""
