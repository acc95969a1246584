"""
Runs a plan against a target and yields the lines of the report log; knows no writer and no provider.
"""
