"""`python -m vo_gan` is `vo-gan`."""

import sys

from vo_gan.cli import main

if __name__ == "__main__":
    sys.exit(main())
