"""How a claim model is made from a pack's training corpus: examples, the models, their combination.

Nothing here is needed to audit. `networks` and `teaching` need PyTorch (the extra `train`), and are imported only where an
encoder is trained.
"""
