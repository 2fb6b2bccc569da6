"""``python -m fs_integration``."""

import sys

from fs_integration.cli import main

if __name__ == "__main__":
    sys.exit(main())
