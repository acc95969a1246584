"""
What the reference servers of one API shape share: text in, vectors out, on `/v1/embeddings`.
"""

__all__: list[str] = []
