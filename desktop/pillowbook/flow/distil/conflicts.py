"""stub"""

from pillowbook.answering.units import Unit
from pillowbook.domain.digests import RelationKind


def judge_statements(older: Unit, newer: Unit, similarity: float, *, has_order: bool) -> RelationKind | None:
    return None
