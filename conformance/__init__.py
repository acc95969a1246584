"""
Judges embeddings APIs against contracts that are written as data.
"""

__version__ = "0.1.0"
