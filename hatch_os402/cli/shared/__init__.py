"""What the commands have in common: arguments and options, output, the group."""
