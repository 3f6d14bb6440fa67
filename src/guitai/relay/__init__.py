"""The relay between till pages and the agents of their store (docs/flows/printing.md).

A process of its own, because Django never runs under ASGI (docs/decisions/0011). It holds nothing
that may not be lost: jobs are in the agent's journal, and the server's database.
"""
