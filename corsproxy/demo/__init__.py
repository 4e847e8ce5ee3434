"""SHOWS: a legacy API without CORS, and a frontend page that calls it with and without the proxy.

Rule 1: the API never sends a field of CORS, whatever it is asked; the page tells only what the
browser let it read.
Rule 2: the apps bind no port, read no environment and know nothing of the gateway; `corsproxy
demo` joins them.
Rule 3: everything is in memory and bounded, and the page loads nothing from elsewhere.
"""
