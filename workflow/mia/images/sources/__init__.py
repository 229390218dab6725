"""Where images come from: one module per `source:` of an image set."""
