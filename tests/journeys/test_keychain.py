"""The vault's key in a real keychain: GNOME's, on a session bus of the test's own."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from tests.conftest import Home

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="GNOME's keychain is Linux's")

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
DEADLINE_S = 20.0
# What `secret-tool` would do, with the library that is there: the entry is named by service and profile.
REMOVE = """
import keyring.backends.SecretService, json, sys
ring = keyring.backends.SecretService.Keyring()
profile_id = json.load(open(sys.argv[1]))["profile_id"]
assert ring.get_password("pillowbook", profile_id), "the entry is not there"
ring.delete_password("pillowbook", profile_id)
"""


@pytest.fixture
def home_with_keychain(home: Home) -> Iterator[Home]:
    """A home whose session has an unlocked keychain; both are gone afterwards."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    assert not missing, f"this test needs {' and '.join(missing)}: install gnome-keyring and dbus-x11"
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        env=home.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert bus.stdout is not None
    home.extra["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
    keyring = subprocess.Popen(
        ["gnome-keyring-daemon", "--unlock", "--foreground", "--components=secrets"],
        env=home.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert keyring.stdin is not None
    keyring.stdin.write(b"the login password")
    keyring.stdin.close()
    try:
        wait_for_secrets(home)
        yield home
    finally:
        home.run("stop", timeout_s=30)
        for process in (keyring, bus):
            process.terminate()
            process.wait(timeout=10)
        bus.stdout.close()
        home.extra.clear()


def wait_for_secrets(home: Home) -> None:
    """Until the keychain answers on the bus."""
    ask = (
        "import keyring.backends.SecretService as s; k = s.Keyring(); "
        "k.set_password('probe', 'probe', 'x'); k.delete_password('probe', 'probe')"
    )
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        done = subprocess.run(
            [sys.executable, "-c", ask],
            env=home.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0:
            return
        time.sleep(0.2)
    raise AssertionError("the keychain did not come up")


def core_of(home: Home) -> psutil.Process:
    """The core that runs for this home."""
    return next(one for one in home.processes() if "pillowbook.core" in one.cmdline())


def test_the_keychain_opens_the_vault_and_its_loss_has_a_way_back(home_with_keychain: Home) -> None:
    """Without any passphrase first; then the entry is removed, as a reset of the login keychain does."""
    home = home_with_keychain
    home.write("garden.md", "# Garden\n\nThe apple tree is a Braeburn.\n")
    assert home.run("vault", "init").returncode == 0
    assert home.run("add", home.notes).returncode == 0
    assert home.run("sync").returncode == 0

    core = core_of(home)
    assert home.run("stop").returncode == 0
    psutil.wait_procs([core], timeout=DEADLINE_S)
    found = home.run("search", "apple tree")
    assert found.returncode == 0 and "Braeburn" in found.stdout, "a new core unlocks by itself"
    assert home.json("status")["has_keychain"] is True

    assert home.run("vault", "lock").returncode == 0
    assert home.run("search", "apple tree").returncode == 3, "locked stays locked until it is unlocked"
    assert home.run("vault", "unlock").returncode == 0
    passphrase = home.root / "new"
    passphrase.write_text("a second way in\n")
    assert home.run("vault", "passphrase", "--new-passphrase-file", passphrase).returncode == 0

    remove_entry(home)
    assert home.run("vault", "lock").returncode == 0
    lost = home.run("vault", "unlock")
    assert lost.returncode == 3 and "no longer holds this vault's key" in lost.stderr
    assert home.run("--passphrase-file", passphrase, "vault", "unlock").returncode == 0
    assert home.run("vault", "lock").returncode == 0
    assert home.run("vault", "unlock").returncode == 0, "the passphrase gave the keychain a new key"


def test_a_keychain_that_went_leaves_the_passphrase(home_with_keychain: Home) -> None:
    home = home_with_keychain
    home.write("garden.md", "# Garden\n\nThe apple tree is a Braeburn.\n")
    home.json("vault", "init")
    home.json("add", home.notes)
    home.json("sync")
    core = core_of(home)
    assert home.run("stop").returncode == 0
    psutil.wait_procs([core], timeout=DEADLINE_S)
    home.extra["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={home.root}/no-such-bus"
    done = home.run("search", "apple tree")
    assert done.returncode == 3 and "vault" in done.stderr
    assert home.json("search", "apple tree")["hits"]


def remove_entry(home: Home) -> None:
    """Take the vault's key out of the keychain, behind the program's back."""
    subprocess.run(
        [sys.executable, "-c", REMOVE, str(home.profile.keys_file)],
        env=home.environment,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=True,
    )
