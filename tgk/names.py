"""The shapes of names in ``discovery.yml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
PlaybookTitle = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
Channel = Annotated[str, Field(pattern=r"^#[a-z0-9][a-z0-9_-]{0,98}$")]
Snowflake = Annotated[str, Field(pattern=r"^[0-9]{15,20}$")]
Repository = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?$")]
