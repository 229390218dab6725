"""Stages: files and command line, one module per rule (`python -m mia.stages.x`)."""
