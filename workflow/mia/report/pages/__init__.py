"""What the report page says: tables in, plain values for the template out."""
