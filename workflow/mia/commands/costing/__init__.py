"""What the estimate of costs is made from."""
