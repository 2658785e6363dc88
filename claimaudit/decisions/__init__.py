"""Reviewers' decisions: the baseline that holds them, the files they come back in, and what changed between two scans."""
