"""What artifacts hold, read into plain frozen records; each module imports only what it needs."""
