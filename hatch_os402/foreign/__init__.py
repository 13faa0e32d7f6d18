"""What others wrote, read so that nothing in it can do harm: addresses, JSON."""
