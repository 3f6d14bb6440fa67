"""The doctor: probes, a pure decision tree, and its findings in the clerk's words.

``facts`` what was looked at → ``rules`` what it means → ``health`` the JSON of
docs/agent-protocol.md §11. ``live.Doctor`` keeps it live in a running agent.
"""
