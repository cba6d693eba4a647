"""Makes pages that say what a person should know of a model."""
