"""
Reference servers: one sound server for each contract, and a zoo of broken, odd, empty and hostile ones.

Nothing in here imports the rest of the suite, so that the judge and the judged share no code.
"""
