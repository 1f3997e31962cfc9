"""Stand-ins for the slow parts, for tests of everything that uses them."""

from tests.fakes.embedder import HashEmbedder
from tests.fakes.generator import ScriptedGenerator

__all__ = ["HashEmbedder", "ScriptedGenerator"]
