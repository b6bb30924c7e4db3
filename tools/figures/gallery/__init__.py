"""Makes ``docs/gallery.md`` from finished runs: one picture and one number a recipe."""
