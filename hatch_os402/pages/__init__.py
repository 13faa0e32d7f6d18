"""Pages: one HTML file each that needs nothing but a browser, with a chart to explore and tables that say the same."""
