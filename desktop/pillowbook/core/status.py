"""How everything stands."""

from pillowbook import __version__
from pillowbook.core import protocol as p
from pillowbook.core.machine import Machine
from pillowbook.core.session import Session
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.work import GateState
from pillowbook.settings.catalogue import GENERATOR, SERVER_ADDRESS, SERVER_ALLOWED
from pillowbook.settings.values import Settings
from pillowbook.store.library import Library

CLOSED = GateState(False, "locked", "Nothing is prepared while the vault is closed.")


def status_view(
    machine: Machine,
    settings: Settings,
    session: Session | None,
    vault: str,
) -> p.Status:
    """The whole status page.

    Args:
        session: None while the vault is closed; the counts are zero then.
        vault: ``open``, ``locked`` or ``missing``.
    """
    model = settings[GENERATOR]
    return p.Status(
        version=__version__,
        vault=vault,
        folders=len(session.library.folders()) if session else 0,
        documents=documents_by_state(session.library) if session else {},
        troubles=troubles(session.library) if session else (),
        passages=session.library.counts().passages if session else 0,
        digests=session.knowledge.counts().digests if session else 0,
        questions=session.knowledge.counts().questions if session else 0,
        prepared=session.prepared_by_freshness() if session else {},
        refusals=session.knowledge.counts().prepared_refusals if session else 0,
        gate=session.work.gate_now() if session else CLOSED,
        is_working=session.work.is_working if session else False,
        generator=model,
        is_generator_installed=machine.installation.installed(model) is not None,
        is_generator_loaded=session.is_generator_loaded if session else False,
        embedder=machine.embedder_entry.id,
        is_embedder_loaded=session.is_embedder_loaded if session else False,
        vault_bytes=machine.vault_bytes(),
        has_keychain=machine.has_keychain(),
        server=settings[SERVER_ADDRESS] if settings[SERVER_ALLOWED] else "",
    )


def documents_by_state(library: Library) -> dict[str, int]:
    """Documents by state."""
    return {state.value: count for state, count in library.counts().by_state.items()}


def troubles(library: Library) -> tuple[p.DocumentTrouble, ...]:
    """Documents that are not indexed, and why."""
    return tuple(
        p.DocumentTrouble(d.path, d.state.value, d.reason)
        for state in (DocumentState.FAILED, DocumentState.EXCLUDED)
        for d in library.documents(state=state)
    )
