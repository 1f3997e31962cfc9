"""What every area of the protocol is made of."""

import msgspec


class Call(msgspec.Struct, frozen=True, tag_field="call"):
    """The root of all calls; each names its reply."""


class Done(msgspec.Struct, frozen=True):
    """It was done and there is nothing to tell."""


class Progress(msgspec.Struct, frozen=True):
    """How far a long call is. ``total`` is 0 while it is not known; ``note`` is a short word such as ``indexing``."""

    done: int
    total: int
    note: str = ""
