"""Commands of make beside the pipeline, one module each (`python -m mia.commands.x`)."""

import sys

from mia.command import in_one_line

sys.excepthook = in_one_line
