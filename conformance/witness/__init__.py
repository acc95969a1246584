"""
Witnesses: ways to see an effect that no answer shows.
"""
