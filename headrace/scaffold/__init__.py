"""Writes new components and pipelines, with tests; what they are made of lies in templates/."""
