"""Settings, addresses, start and stop: the composition root."""
