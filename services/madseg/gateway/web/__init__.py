"""What the pages stand on: the HTTP/JSON API under /api, sessions, server-sent events, security headers, files.

Each route decodes, asks one thing of the typed client with the caller's own token, and encodes.
"""
