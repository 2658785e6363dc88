"""Audited copy out to annotation tools, and corrected labels back in, as documents of a training corpus."""
