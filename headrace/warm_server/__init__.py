"""A process that has imported TFX once, and forks processes that need it; it can outlive a run."""
