"""``python -m helix_dash`` is the command ``helix-dash``."""

import sys

from helix_dash.cli import main

sys.exit(main())
