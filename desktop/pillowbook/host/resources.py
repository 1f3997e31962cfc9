"""The one way to the files of ``resources/``, in a wheel and in a checkout alike."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource(*parts: str) -> Path:
    """The path of a packed file or folder.

    Args:
        parts: path components below ``resources/``, such as ``"notes"``.
    Raises:
        FileNotFoundError: nothing of that name is packed, which is a bug in the package.
    """
    installed = _PACKAGE / "_resources"
    base = installed if installed.is_dir() else _PACKAGE.parent.parent / "resources"
    path = base.joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(f"no resource {'/'.join(parts)}")
    return path
