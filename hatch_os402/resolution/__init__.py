"""From requirements to pinned wheels for the target: pip, the independent check, fetching, sdists."""
