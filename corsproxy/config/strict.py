"""What all mappings of the route table have in common."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A mapping with known keys only. None of them is required: what misses is told by others."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
