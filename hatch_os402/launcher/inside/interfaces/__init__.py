"""What an entry point can be beside a script. Only the modules of the project's own interface are packed."""
