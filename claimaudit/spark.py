"""Audits Spark frames (the extra `spark`): the public name of `claimaudit.integrations.spark`."""

from claimaudit.integrations.spark import audit_dataframe, audit_listings, findings_ddl, findings_of, listings_ddl

__all__ = ["audit_dataframe", "audit_listings", "findings_ddl", "findings_of", "listings_ddl"]
