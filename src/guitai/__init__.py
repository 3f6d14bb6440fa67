"""Guitai 櫃台: the server. One package a room; who may import whom stands in ``.importlinter``."""
