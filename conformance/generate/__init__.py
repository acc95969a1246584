"""
From clauses to cases: the requests that show whether a promise is kept.
"""
