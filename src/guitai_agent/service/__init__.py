"""The agent's door: HTTP and WebSocket on loopback, guard, pairing, messages."""
