"""Who is a member of a target, who is not, and which fold each image is in."""
