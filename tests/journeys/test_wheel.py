"""The wheel carries its resources and runs outside the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import REPOSITORY, Home


def test_the_built_wheel_runs_outside_the_checkout(home: Home, tmp_path: Path) -> None:
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(tmp_path),
            str(REPOSITORY),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("pillowbook-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(home.root / "site")
    for needed in ("models.toml", "notes/start-here.md", "prompts/answer.txt", "measured/match.json"):
        assert f"pillowbook/_resources/{needed}" in names, needed
    assert not any(name.startswith(("tests/", "resources/", "desktop/")) for name in names)
    assert not any("/data/" in name for name in names)

    home.extra["PYTHONPATH"] = str(home.root / "site")
    where = subprocess.run(
        [sys.executable, "-c", "import pillowbook.host.resources as r; print(r.resource('models.toml'))"],
        env=home.environment,
        cwd=home.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(home.root / "site")
    home.write("note.md", "# Keys\n\nThe spare key hangs behind the fuse box.\n")
    home.json("vault", "init")
    home.json("add", home.notes)
    assert home.json("sync")["indexed"] == 1
    assert home.json("search", "spare key")["hits"]
