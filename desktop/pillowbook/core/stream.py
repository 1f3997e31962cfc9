"""The stages of the stream over one open vault: the one place that builds them, idle work and serving alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pillowbook.answering.adapt import Adapter, AdaptParameters
from pillowbook.answering.compose import Composer
from pillowbook.answering.match import Matcher
from pillowbook.answering.new_evidence import NewEvidence
from pillowbook.answering.pairs import NORMAL_FORM, normalise_question
from pillowbook.answering.permission import Permission
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.wording import wording_of
from pillowbook.core.overview import Overview
from pillowbook.domain.clock import Clock
from pillowbook.flow.audit.audit import Auditor
from pillowbook.flow.audit.near_misses import NearMisses
from pillowbook.flow.distil.beyond import Beyond
from pillowbook.flow.distil.distil import Distiller
from pillowbook.flow.predict.foresee import Foreseer
from pillowbook.flow.predict.predict import Predictor
from pillowbook.flow.prepare.prepare import Preparer
from pillowbook.flow.serve.collected import Collected
from pillowbook.flow.serve.collections import Collections
from pillowbook.flow.serve.freshness import Reread
from pillowbook.flow.serve.serve import Server
from pillowbook.models.clusterer.client import HdbscanClusterer
from pillowbook.models.embedder.client import Embedder
from pillowbook.models.generator.client import Generator
from pillowbook.schedule.stages import FlowStages
from pillowbook.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Stream:
    """What stands between what was read and what is answered.

    Attributes:
        stages: the background work as the runner sees it.
        overview: reads what was distilled.
    """

    permission: Permission
    retriever: Retriever
    composer: Composer
    adapter: Adapter
    matcher: Matcher
    server: Server
    collections: Collections
    distiller: Distiller
    beyond: Beyond
    predictor: Predictor
    foreseer: Foreseer
    evidence: NewEvidence
    preparer: Preparer
    auditor: Auditor
    near_misses: NearMisses
    stages: FlowStages
    overview: Overview


def build_stream(
    vault: Vault,
    *,
    generator: Generator,
    embedder: Embedder,
    clock: Clock,
    allows_secrets: Callable[[], bool] = lambda: False,
    reread: Reread | None = None,
    refresh: Callable[[Sequence[str]], None] | None = None,
    notice: Callable[[set[str]], None] | None = None,
    on_withdrawn: Callable[[], None] | None = None,
    adapts: AdaptParameters | None = None,
) -> Stream:
    """Everything over an unlocked vault, whose questions are first spelled as this version spells them.

    Args:
        allows_secrets: as for :class:`Permission`.
        reread, refresh, notice, on_withdrawn: how the disk is looked at and what is told, as for :class:`Server`.
        adapts: when an answer is adapted; as it was measured, if not given.
    """
    library, knowledge, findings, digests = vault.library, vault.knowledge, vault.findings, vault.digests
    knowledge.respelling.bring_to(NORMAL_FORM, normal_of=normalise_question, wording_of=wording_of)
    permission = Permission(knowledge, allows_secrets=allows_secrets)
    retriever = Retriever(
        words=vault.words, vectors=vault.vectors, library=library, embedder=embedder, clock=clock
    )
    composer = Composer(generator=generator, retriever=retriever, clock=clock)
    adapter = Adapter(generator=generator, retriever=retriever, parameters=adapts)
    matcher = Matcher(knowledge=knowledge, vectors=vault.vectors, retriever=retriever)
    distiller = Distiller(
        library=library,
        knowledge=knowledge,
        digests=digests,
        generator=generator,
        date_of=retriever.date_of,
        permission=permission,
    )
    beyond = Beyond(
        library=library,
        knowledge=knowledge,
        findings=findings,
        digests=digests,
        vectors=vault.vectors,
        retriever=retriever,
        generator=generator,
        clusterer=HdbscanClusterer(),
        clock=clock,
        permission=permission,
    )
    predictor = Predictor(
        library=library,
        knowledge=knowledge,
        generator=generator,
        embedder=embedder,
        vectors=vault.vectors,
        date_of=retriever.date_of,
        permission=permission,
    )
    foreseer = Foreseer(knowledge=knowledge, findings=findings, clock=clock, permission=permission)
    evidence = NewEvidence(library=library, knowledge=knowledge, vectors=vault.vectors)
    preparer = Preparer(
        library=library,
        knowledge=knowledge,
        composer=composer,
        retriever=retriever,
        evidence=evidence,
        clock=clock,
        permission=permission,
    )
    auditor = Auditor(
        library=library,
        knowledge=knowledge,
        composer=composer,
        retriever=retriever,
        evidence=evidence,
        clock=clock,
        permission=permission,
    )
    near_misses = NearMisses(knowledge=knowledge, generator=generator)
    collections = Collections(
        collected=Collected(
            library=library,
            findings=findings,
            words=vault.words,
            retriever=retriever,
            current_folders=beyond.folders.current,
        ),
        library=library,
        findings=findings,
        clock=clock,
        catch_up=beyond.find,
        reread=reread,
        refresh=refresh,
    )
    return Stream(
        permission=permission,
        retriever=retriever,
        composer=composer,
        adapter=adapter,
        matcher=matcher,
        server=Server(
            matcher=matcher,
            composer=composer,
            adapter=adapter,
            retriever=retriever,
            library=library,
            knowledge=knowledge,
            words=vault.words,
            evidence=evidence,
            clock=clock,
            reread=reread,
            refresh=refresh,
            on_withdrawn=on_withdrawn,
            permission=permission,
            collections=collections,
            notice=notice,
        ),
        collections=collections,
        distiller=distiller,
        beyond=beyond,
        predictor=predictor,
        foreseer=foreseer,
        evidence=evidence,
        preparer=preparer,
        auditor=auditor,
        near_misses=near_misses,
        stages=FlowStages(
            knowledge,
            distiller,
            predictor,
            preparer,
            auditor,
            beyond,
            near_misses,
            foreseer,
            clock=clock,
        ),
        overview=Overview(
            library=library,
            knowledge=knowledge,
            findings=findings,
            digests=digests,
            folders=beyond.folders,
            retriever=retriever,
        ),
    )
