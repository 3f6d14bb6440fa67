"""The agents' outbound connections, and the pages that reach a printer through them."""
