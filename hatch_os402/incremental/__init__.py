"""What a build remembers for the next one: resolutions, verdicts on wheels, and whole builds."""
