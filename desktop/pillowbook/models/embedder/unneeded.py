"""Keeps libraries out of the embedder process that are imported there and never used.

sentence-transformers imports scikit-learn and SciPy's statistics for its evaluators and trainers. They cost a quarter
of the processor time from the start of the process to the first vector (9.7 s to 7.4 s on a busy machine, means of two
and four), which somebody may be waiting for.
"""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

UNNEEDED = ("sklearn", "sklearn.metrics", "scipy.stats")


class _Unneeded(ModuleType):
    """Stands for a library in ``from ... import name``; whatever is taken from it is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def keep_out_unneeded() -> None:
    """To be called before sentence-transformers is imported; of no effect on what is imported already."""
    for name in UNNEEDED:
        if name not in sys.modules:
            module = _Unneeded(name)
            module.__spec__ = ModuleSpec(name, None, is_package=True)
            module.__path__ = []
            sys.modules[name] = module
