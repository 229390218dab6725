"""From a config to an experiment: read, completed and checked."""
