"""
Measurements by hand; see README.md. Nothing here runs in CI.
"""
