"""Profile: where a cold start goes. An instrument runs in front of the bootstrap, and what it saw is made a report."""
