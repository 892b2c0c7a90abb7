"""Write the SYNTHETIC sample hour of data/sample into a folder: python data/make_sample.py OUT."""

from __future__ import annotations

import sys

from paektuseis.synthetic import write_sample

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(f"{write_sample(sys.argv[1])}\n")
