"""What is asked: a config, read, completed and checked, as an experiment."""
