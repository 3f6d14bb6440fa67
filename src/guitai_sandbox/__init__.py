"""The other side of every wire, played strictly, for demo, training and tests.

Written from the protocol sheets. Imports nothing of the other packages: if client and simulator
shared code, they would share mistakes.
"""
