"""Generated pages: what the schema, the attacks and the tables say, as Markdown."""
