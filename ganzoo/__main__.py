"""``python -m ganzoo``, the form torchrun starts."""

from .cli import main

if __name__ == "__main__":
    main()
