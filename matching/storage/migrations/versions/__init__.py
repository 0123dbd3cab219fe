"""One file per revision, in the order that each names as its predecessor."""
