"""The offer: what os402 is to run, for whom, under which limits and at what price."""
