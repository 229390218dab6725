"""From scores to numbers one can quote: of an attack, a target, all of them."""
