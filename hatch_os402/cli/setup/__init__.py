"""Commands for what comes before a build: a project, a key, an editor that knows the options."""
