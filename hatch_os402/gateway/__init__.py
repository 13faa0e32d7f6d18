"""A gateway with os402's addresses on this machine. Its answers are those of os402's `src/webapp/`; payment is none."""
