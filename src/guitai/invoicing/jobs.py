"""Jobs of this room: load an id, call a service."""
