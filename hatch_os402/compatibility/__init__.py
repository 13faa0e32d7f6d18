"""Whether a distribution can work on os402: verdicts, findings, curated knowledge, imports and remedies."""
