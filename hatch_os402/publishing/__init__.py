"""Publishing: find the offers, sign them, gather what belongs to them, send it all, and report."""
