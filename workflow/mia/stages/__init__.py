"""Stages: files and command line, one module per rule (`python -m mia.stages.x`)."""

import sys

from mia.command import in_one_line

sys.excepthook = in_one_line
