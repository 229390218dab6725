"""What jobs ask of a cluster: memory and minutes that grow with each try, a card if need be."""

# A card is asked for where the config asks for one: with `measure.device: auto` a job takes a card
# that it happens to see, and no cluster keeps one back for it.
CARDS = 1 if config["measure"]["device"] == "cuda" else 0


def growing(amount):
    """So much at the first try, twice that at the second: a job may have ended for want of it."""

    def of_this_try(wildcards, attempt):
        return amount * attempt

    return of_this_try
