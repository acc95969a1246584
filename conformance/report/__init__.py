"""
The report log and every report that is made from it: one writer per file, and nothing is computed twice.
"""
