"""
The wire: sends requests to a server that may be hostile, and brings back exchanges.
"""
