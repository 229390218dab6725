"""Files that people give: listed, fingerprinted by content, tables read by one reader."""
