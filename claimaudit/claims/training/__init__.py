"""How a claim model is made from a pack's training corpus: examples, the models, their combination.

Nothing here is needed to audit. `encoder` needs PyTorch (the extra `train`), and is imported only where an encoder is
trained.
"""
