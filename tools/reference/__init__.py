"""What the documentation takes from the code: each module writes the parts of one page. ``tools/write_docs.py`` puts them in."""
