"""Tables that people give, CSV or Parquet: one reader, one set of rules (docs/images.md)."""
