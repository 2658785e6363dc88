"""Findings as pandas data frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from claimaudit.types import RECORD_FIELDS


def frame_of(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Records as a data frame with the columns of `RECORD_FIELDS`, also when there are none."""
    return pd.DataFrame(list(records), columns=list(RECORD_FIELDS))
