"""The report of a round: one self-contained HTML file that a team can send on, and what it stands on.

The gateway serves it, the command line writes it; both ask the services over the client.
"""
