"""The error tree.

An error carries a stable ``code`` and facts (counts, kinds, system error numbers), never a path or a text from
a document: errors cross process borders and may be logged. ``say()`` gives the one clear sentence for the user;
front ends that know the path or the file name put it before the sentence.
"""

from typing import ClassVar


class PillowbookError(Exception):
    """The root. ``facts`` are short words and numbers, safe to log."""

    code: ClassVar[str] = "internal"
    sentence: ClassVar[str] = "Something went wrong inside Pillowbook; the log has the details."

    def __init__(self, **facts: str | int | float) -> None:
        super().__init__(self.code)
        self.facts = facts

    def say(self) -> str:
        """One sentence for the user that says what to do."""
        return self.sentence.format_map(_Facts(self.facts))


class _Facts(dict[str, str | int | float]):
    def __missing__(self, key: str) -> str:
        return "?"


class UserFixable(PillowbookError):
    """Shown to the user, who can do something about it."""


class Transient(PillowbookError):
    """Retried by the caller."""


class Damaged(PillowbookError):
    """Derived data that must be rebuilt, or truth that must be restored."""


class Cancelled(PillowbookError):
    """Stopped on purpose; silent."""

    code = "cancelled"
    sentence = "Stopped."


class Interrupted(Transient):
    """What the call needed was taken away while it ran."""

    code = "interrupted"
    sentence = "The settings were changed in the middle of this; please try again."


# -- folders and documents -------------------------------------------------------------------------------------


class FolderMissing(UserFixable):
    code = "folder-missing"
    sentence = "There is no such folder or file; check the spelling, or connect the drive it is on."


class FolderUnreadable(UserFixable):
    code = "folder-unreadable"
    sentence = "The folder cannot be read; give your user permission to read it and try again."


class FolderUnsuitable(UserFixable):
    code = "folder-unsuitable"
    sentence = "Only folders and ordinary files can be watched, and not the folder of Pillowbook itself; name another."


class FolderUnknown(UserFixable):
    code = "folder-unknown"
    sentence = "This folder is not watched; 'pillowbook folders' lists those that are."


class DocumentUnknown(UserFixable):
    code = "document-unknown"
    sentence = "No such document is in the vault; 'pillowbook sync' brings the vault up to date."


class DocumentUnreadable(UserFixable):
    """A document that could not be turned into text; ``reason`` is a short kind such as 'encrypted'."""

    code = "document-unreadable"
    sentence = "The document could not be read ({reason}); open it in its own program to check it."


# -- questions ---------------------------------------------------------------------------------------------------


class OtherProgramsOff(UserFixable):
    code = "other-programs-off"
    sentence = (
        "Other programs may not use these notes; their owner can allow it in Pillowbook's settings, under Privacy, or "
        "with 'pillowbook settings set privacy.other_programs on'."
    )


class QuestionEmpty(UserFixable):
    code = "question-empty"
    sentence = "The question is empty; type a few words."


class QuestionTooLong(UserFixable):
    code = "question-too-long"
    sentence = "The question is longer than {limit} characters; ask it in fewer words."


class NotesChanging(Transient):
    code = "notes-changing"
    sentence = "The notes that this rests on are changing just now; ask again in a moment."


class AnswerUnknown(UserFixable):
    code = "answer-unknown"
    sentence = "There is no such prepared answer; give its question, or the number that 'pillowbook ask --json' names."


class ServingUnknown(UserFixable):
    code = "serving-unknown"
    sentence = "No answer of that number was served; 'pillowbook ask' shows the number of each answer."


class DigestUnknown(UserFixable):
    code = "digest-unknown"
    sentence = "There is no digest of that document; 'pillowbook digest' shows those there are."


class VerdictUnsuitable(UserFixable):
    code = "verdict-unsuitable"
    sentence = "That answer was not taken from another question; say whether it is right or wrong."


class EditUnsuitable(UserFixable):
    """``why``: the words that complete the sentence."""

    code = "edit-unsuitable"
    sentence = "The answer was not changed: {why}."


class NeverUnknown(UserFixable):
    code = "never-unknown"
    sentence = "Nothing of that wording is kept from being prepared; 'pillowbook never' lists what is."


class NeverPrepared(UserFixable):
    code = "never-prepared"
    sentence = "You said never to prepare this; 'pillowbook never --off' with the question allows it again."


class WorkedOutWhenAsked(UserFixable):
    code = "worked-out-when-asked"
    sentence = "That is worked out from all notes when it is asked, at once and without the model: just ask."


class SecretNotPrepared(UserFixable):
    code = "secret-not-prepared"
    sentence = (
        "That is somebody's secret, which is not prepared; ask for it when you need it, "
        "or switch on privacy.prepare_secrets."
    )


# -- vault ---------------------------------------------------------------------------------------------------------


class VaultMissing(UserFixable):
    code = "vault-missing"
    sentence = "There is no vault in this profile yet; 'pillowbook vault init' makes one."


class VaultExists(UserFixable):
    code = "vault-exists"
    sentence = "This profile has a vault already; 'pillowbook vault unlock' opens it."


class VaultLocked(UserFixable):
    code = "vault-locked"
    sentence = "The vault is locked; 'pillowbook vault unlock' opens it."


class PassphraseNeeded(VaultLocked):
    code = "passphrase-needed"
    sentence = "This system has no usable keychain; give a passphrase (--passphrase-file FILE, or type it when asked)."


class PassphraseWrong(VaultLocked):
    code = "passphrase-wrong"
    sentence = "The passphrase is not the one of this vault; check it and try again."


class KeychainChanged(VaultLocked):
    code = "keychain-changed"
    sentence = (
        "The system's keychain no longer holds this vault's key; unlock with the passphrase, nothing is lost."
    )


class VaultTooNew(UserFixable):
    code = "vault-too-new"
    sentence = "This vault was written by a newer Pillowbook; update Pillowbook to open it."


class VaultDamaged(Damaged):
    code = "vault-damaged"
    sentence = (
        "The vault's files are damaged; restore the vault's folder from a backup, or start a new vault."
    )


class DiskFull(UserFixable):
    code = "disk-full"
    sentence = "The disk is full; free some space and try again. Nothing was lost."


# -- models and workers ------------------------------------------------------------------------------------------


class ModelUnknown(UserFixable):
    code = "model-unknown"
    sentence = "There is no such model in the catalogue; 'pillowbook models list' shows them."


class ModelMissing(UserFixable):
    code = "model-missing"
    sentence = "The model file is not installed; 'pillowbook models install {model}' fetches it."


class ModelDamaged(UserFixable):
    code = "model-damaged"
    sentence = "The model file is damaged (its SHA-256 differs); 'pillowbook models install {model}' fetches it anew."


class ModelFileMissing(ModelMissing):
    code = "model-file-missing"
    sentence = (
        "The model file {model} is not there or cannot be read; choose a model with 'pillowbook models use'."
    )


class ModelFileUnsuitable(UserFixable):
    code = "model-file-unsuitable"
    sentence = "The file {model} is no model in GGUF form; name another."


class ModelCannotWrite(UserFixable):
    code = "model-cannot-write"
    sentence = (
        "The model {model} finds passages and writes nothing; 'pillowbook models list' shows the generators."
    )


class ModelNoneFits(UserFixable):
    code = "model-none-fits"
    sentence = (
        "No model that can answer fits into {memory_gb} GB of memory; "
        "a model server of your own can write for this machine."
    )


class ModelUnavailable(UserFixable):
    code = "model-unavailable"
    sentence = (
        "The model {model} could not be had from any of its sources; check the connection and try again."
    )


class MemoryShort(UserFixable):
    code = "memory-short"
    sentence = "There is not enough free memory for the model {model}; close other programs or choose a smaller model."


class ContextOverflow(UserFixable):
    """A prompt longer than the model's context; whoever made the prompt chose too much."""

    code = "context-overflow"
    sentence = (
        "That is more text than the model can read at once ({tokens} of {limit} tokens); ask about less."
    )


class WorkerLost(Transient):
    """A worker process died; nothing was stored, a retry is safe."""

    code = "worker-lost"
    sentence = "The {worker} stopped unexpectedly and was restarted; please try again."


class DeadlineExceeded(Transient):
    code = "deadline-exceeded"
    sentence = "The {worker} took too long and was restarted; please try again."


# -- a model server of the user's own ------------------------------------------------------------------------------


class ServerUnreachable(UserFixable):
    code = "server-unreachable"
    sentence = "The model server cannot be reached; start it, or check its address in the settings."


class ServerUntrusted(UserFixable):
    """``why``: ``certificate`` or ``ca-file``."""

    code = "server-untrusted"
    sentence = (
        "The model server's certificate is not trusted, so nothing was sent; "
        "name the file of the authority that signed it in models.server_ca_file."
    )


class ServerPlain(UserFixable):
    code = "server-plain"
    sentence = (
        "Text would go to that model server unencrypted, so nothing was sent; use an https address, "
        "or allow it for your own network with models.server_unencrypted."
    )


class ServerRefused(UserFixable):
    code = "server-refused"
    sentence = "The model server does not accept the key; give the right one with 'pillowbook models key'."


class ServerModelUnknown(UserFixable):
    code = "server-model-unknown"
    sentence = (
        "The model server has no model of that name; 'pillowbook models server' shows what it has, "
        "and models.server_model takes one."
    )


class ServerUnusable(UserFixable):
    """What came back is not what the protocol says; ``why`` is a short kind such as ``redirect``."""

    code = "server-unusable"
    sentence = (
        "The model server's answer was not understood ({why}); check that the address is that of an "
        "OpenAI-compatible server, usually ending in /v1."
    )


class ServerContextOverflow(ContextOverflow):
    code = "server-context-overflow"
    sentence = (
        "That is more text than the server's model can read at once; give it more context, or ask about less."
    )


class ServerThinks(UserFixable):
    code = "server-thinks"
    sentence = "The server's model thinks before it answers and never got to the answer; switch that off on the server."


class ServerBusy(Transient):
    code = "server-busy"
    sentence = "The model server is busy or still loading its model; please try again in a moment."


class ServerLost(WorkerLost):
    code = "server-lost"
    sentence = "The model server broke off in the middle; please try again."


class ServerTooSlow(DeadlineExceeded):
    code = "server-too-slow"
    sentence = "The model server took too long; please try again."


class ScoringUnavailable(UserFixable):
    """A server that tells no probabilities, or none from which these options could be told apart."""

    code = "scoring-unavailable"
    sentence = "The model server does not say how sure it is; the check that needs it is left out."


class LocalModelNeeded(ModelMissing):
    code = "local-model-needed"
    sentence = (
        "The notes needed for this never leave this machine, and there is no model on it; "
        "'pillowbook models install {model}' fetches it."
    )


class ConfirmationNeeded(UserFixable):
    """A setting that may only be changed by somebody who was told what follows."""

    code = "confirmation-needed"
    sentence = "{key} was not changed: {warning} Confirm it to change it (on the command line with --yes)."


# -- core and command line -----------------------------------------------------------------------------------------


class CoreUnreachable(UserFixable):
    code = "core-unreachable"
    sentence = "Pillowbook's background process could not be reached; start Pillowbook again."


class MessageTooLarge(UserFixable):
    code = "message-too-large"
    sentence = "That is more than {limit} MB of text at once; send less, or in several pieces."


class ProfileUnwritable(UserFixable):
    code = "profile-unwritable"
    sentence = (
        "The profile's folder cannot be used; give your user permission to write there or name another one."
    )


class AlreadyRunning(UserFixable):
    code = "already-running"
    sentence = "Pillowbook is already running for this profile; its window was asked to come forward."


class SettingInvalid(UserFixable):
    code = "setting-invalid"
    sentence = "{key} does not take that value: {expected}."


class SettingUnknown(UserFixable):
    code = "setting-unknown"
    sentence = "There is no setting of that name; 'pillowbook settings list' shows them all."


def every_error() -> dict[str, type[PillowbookError]]:
    """All error types by code, so that an error that crossed a process border can be made again."""
    found: dict[str, type[PillowbookError]] = {}
    pending: list[type[PillowbookError]] = [PillowbookError]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if "code" in kind.__dict__:
            found[kind.code] = kind
    return found


def remake(code: str, facts: dict[str, str | int | float]) -> PillowbookError:
    """The error that another process raised; an unknown code becomes the root error."""
    kind = every_error().get(code, PillowbookError)
    error = kind.__new__(kind)
    PillowbookError.__init__(error, **facts)
    return error
