"""The layers of the architecture, read from the imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "desktop" / "pillowbook"

ALLOWED = {
    "domain": set(),
    "settings": {"domain"},
    "host": {"domain"},
    "store": {"domain", "settings", "host"},
    "models": {"domain", "settings", "host"},
    "answering": {"domain", "settings", "host", "store", "models"},
    "flow": {"domain", "settings", "host", "store", "models", "answering"},
    "schedule": {"domain", "settings", "host", "store", "models", "answering", "flow"},
    "core": {"domain", "settings", "host", "store", "models", "answering", "flow", "schedule"},
    "ui": {"domain", "settings", "host", "store", "models", "answering", "flow", "schedule", "core"},
    "cli": {"domain", "settings", "host", "store", "models", "answering", "flow", "schedule", "core"},
}
"""What each layer may import of the others, from the table in ``desktop/docs/architecture.md``."""

HEAVY_AT_HOME = {
    "PySide6": "ui/",
    "llama_cpp": "models/generator/",
    "torch": "models/embedder/",
    "sentence_transformers": "models/embedder/",
    "sklearn": "models/clusterer/",
    "kreuzberg": "flow/ingest/extractor/",
    "tantivy": "store/",
    "sqlcipher3": "store/",
    "cryptography": "store/",
    "argon2": "store/",
    "watchdog": "flow/ingest/",
    "keyring": "host/",
    "mcp": "cli/mcp_server.py",
    "mcp_types": "cli/mcp_server.py",
}
"""Libraries that only one place may import; the models' and parsers' further only in their ``worker.py``."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, late imports included."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            assert node.module is not None
            yield node.module
            if node.module == "pillowbook":
                yield from (f"pillowbook.{alias.name}" for alias in node.names)


def layer(parts: tuple[str, ...]) -> str:
    """The layer of a module below the package; ``python -m pillowbook`` is the command line."""
    name = parts[0].removesuffix(".py")
    return "cli" if name == "__main__" else name


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_down_the_layers_only(file: Path) -> None:
    here = file.relative_to(PACKAGE)
    if here.name == "__init__.py" and len(here.parts) == 1:
        assert not list(imported(file)), "the package itself imports nothing"
        return
    mine = layer(here.parts)
    for module in imported(file):
        if not module.startswith("pillowbook."):
            continue
        below = tuple(module.split(".")[1:])
        if below[0].startswith("__"):
            continue
        theirs = layer(below)
        assert theirs == mine or theirs in ALLOWED[mine], f"{here} may not import {module}"
        if mine == theirs == "flow":
            assert below[1:2] == here.parts[1:2], f"{here}: stages do not import each other ({module})"


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_heavy_libraries_stay_in_their_process(file: Path) -> None:
    here = file.relative_to(PACKAGE)
    for module in imported(file):
        home = HEAVY_AT_HOME.get(module.split(".")[0])
        if home is not None:
            assert str(here.as_posix()).startswith(home), f"{here} may not import {module}"


def test_the_domain_uses_the_standard_library_only() -> None:
    import sys

    for file in sorted((PACKAGE / "domain").rglob("*.py")):
        for module in imported(file):
            top = module.split(".")[0]
            assert top == "pillowbook" or top in sys.stdlib_module_names, f"{file.name} imports {module}"


def test_every_package_stands_in_the_table() -> None:
    found = {
        layer((entry.name,)) for entry in PACKAGE.iterdir() if entry.name not in ("__init__.py", "py.typed")
    }
    found -= {"__pycache__", "_resources"}
    assert found <= set(ALLOWED), found - set(ALLOWED)
