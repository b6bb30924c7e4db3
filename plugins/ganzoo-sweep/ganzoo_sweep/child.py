"""``ganzoo`` in a process that saves and ends when the process that waits for it dies: a worker of Ray, say."""

import sys

from ganzoo.cli import main
from ganzoo.engine.signals import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    sys.exit(main())
