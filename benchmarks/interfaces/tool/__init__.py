"""The same function, as a tool and by hand."""
