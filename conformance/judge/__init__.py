"""
Pure functions over exchanges: what a promise asks of an answer, and what was wrong with it.
"""
