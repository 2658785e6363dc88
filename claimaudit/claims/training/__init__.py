"""How a claim model is made from a pack's training corpus: examples, the two kinds of model, their combination.

Nothing here is needed to audit. `encoder` needs PyTorch (the extra `train`), and only `build` imports it.
"""
