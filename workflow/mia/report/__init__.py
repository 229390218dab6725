"""The report: one page from the tables and figures of a run."""
