"""Putting the agent on a shop's computer: start at boot, updates and the way back."""
