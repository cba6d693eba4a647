"""The lineage page: one HTML file that shows records as a graph, and works without a network."""
