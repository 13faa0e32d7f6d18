"""The only readers of pyproject.toml: the project, the options of the target, of its offer and of publishing."""
