"""How two words stand to each other: one meaning, nearly one, one root, or opposites.

From WordNet's everyday words (``resources/measured/words.json``, made by ``tests/benchmarks/words_make.py``), by
stems, so that inflected words are found; irregular verbs and plurals are first brought to their base.
"""

import json
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from pillowbook.answering.terms import stem
from pillowbook.host.resources import resource

_IRREGULAR = """
ate eat eaten eat; became become; began begin begun begin; bent bend; bit bite bitten bite; blew blow blown blow;
bought buy; bore bear born bear; bound bind; bred breed; broke break broken break; brought bring; built build;
burnt burn; came come; caught catch; chose choose chosen choose; cost cost; crept creep; dealt deal; drank drink
drunk drink; drawn draw drew draw; drove drive driven drive; dug dig; dreamt dream; fed feed; fell fall fallen fall;
felt feel; flew fly flown fly; forgot forget forgotten forget; fought fight; found find; froze freeze frozen freeze;
gave give given give; gone go went go; got get gotten get; grew grow grown grow; hidden hide hid hide; held hold;
heard hear; hung hang; kept keep; knew know known know; laid lay; led lead; leant lean; learnt learn; lent lend;
lost lose; made make; meant mean; met meet; paid pay; ran run; rang ring rung ring; ridden ride rode ride; risen rise
rose rise; said say; sang sing sung sing; sank sink sunk sink; sat sit; saw see seen see; sent send; sewn sew;
shaken shake shook shake; shone shine; shot shoot; shown show; shrank shrink; slept sleep; slid slide; sold sell;
sought seek; spelt spell; spent spend; spoke speak spoken speak; sprang spring; stole steal stolen steal; stood stand;
struck strike; stuck stick; stung sting; sown sow; swam swim swum swim; swept sweep; swore swear sworn swear;
taken take took take; taught teach; thought think; threw throw thrown throw; told tell; tore tear torn tear;
understood understand; won win; woke wake woken wake; wore wear worn wear; woven weave; written write wrote write;
men man; women woman; children child; feet foot; teeth tooth; mice mouse; geese goose; people person; wives wife;
knives knife; halves half; shelves shelf; loaves loaf; thieves thief
"""
_BASE: dict[str, str] = {}
for _group in _IRREGULAR.split(";"):
    _words = _group.split()
    _BASE.update(zip(_words[::2], _words[1::2], strict=True))

MIN_KINDRED = 5
"""Letters that two words must begin with in common to be of one root by their looks."""


_EVERYDAY = """
illness disease sickness; gift present; advise recommend suggest; doctor physician; couch sofa; rubbish trash garbage
waste bin; keep store; decide agree; expire end; show display; speak talk; help assist support; choose select pick;
error mistake bug; fault defect; answer reply respond response; job work position post; salary wage pay earnings; flat
apartment; house home; road street; shop store; purchase buy; sell; benefit advantage; drawback disadvantage; risk
danger; method way approach; aim goal purpose objective; rule regulation; task todo chore; meeting appointment; trip
journey tour; picture photo image; kid child; mum mother mom mummy; dad father daddy; grandma grandmother granny;
grandpa grandfather grandad granddad; colleague coworker; boss manager supervisor; lawyer solicitor attorney; teacher
instructor; pupil student; customer client; author writer; film movie; lorry truck; car automobile; plane aircraft
airplane aeroplane; bike bicycle; luggage baggage; holiday vacation; autumn fall; medicine medication drug pill tablet;
clinic surgery; injury wound; ache pain; password passcode; website site webpage; laptop notebook; computer pc; phone
telephone mobile cellphone; email mail; message text; file document; folder directory; delete remove erase; repair fix
mend; install; connect link join; close shut; begin start commence; finish end complete; stop quit halt; happen occur;
build construct; create make produce; found establish; discover find; invent; start launch; broken defective; correct
right; wrong incorrect; important significant; main primary principal chief; big large; small little; quick fast rapid;
quiet silent; ill sick; old ancient; rich wealthy; difficult hard; easy simple; cheap inexpensive; expensive costly
dear; tasty delicious; required needed necessary; require need; permit allow; obtain get receive; gain earn; reduce
lower decrease; increase raise; amount quantity sum; part portion share; type kind sort; shape form; area region zone;
town city; country nation; border frontier; wood forest; garden yard; lift elevator; tap faucet; ground floor; fee
charge; cost price; bill invoice; loan credit; insurance cover; shipping delivery postage; post mail; parcel package;
bring take; collect fetch; clean wash; cook prepare make; eat consume; sleep; die perish; name call title; mean signify;
recall remember; teach; learn study; employ hire; fire dismiss; retire; marry wed; born birth; live reside dwell;
own possess have; give donate; arrange organise organize plan; check inspect examine; test exam examination;
prevent avoid stop; cure treat heal remedy; solve fix resolve; explain describe; attend visit; reach contact;
say tell mention state; complain; shout yell; ask request; want wish; try attempt; seem appear; stay remain; drop fall;
result outcome; reason cause; effect consequence impact; idea concept thought; belief; opinion view; feeling emotion;
fight battle; war conflict; ruler; leader head; member; team group squad; company firm business corporation; factory
plant; owner holder; neighbour neighbor; colour color; favourite favorite; centre center; metre meter; organisation
organization; programme program; travel go journey; homemade home
"""


class Relation(IntEnum):
    """How two words stand to each other, the nearest last."""

    NONE = 0
    NEAR = 1
    DERIVED = 2
    SYNONYM = 3
    SAME = 4


@dataclass(frozen=True, slots=True)
class Tables:
    """Pairs of stems, each pair as ``first second`` in alphabetical order."""

    synonyms: frozenset[str]
    near: frozenset[str]
    opposites: frozenset[str]
    derived: frozenset[str]


def base_stem(word: str) -> str:
    """The stem of a lower-case word, irregular forms brought to their base first."""
    return stem(_BASE.get(word, word))


def is_inflected(word: str) -> bool:
    """Whether a lower-case word may be a past tense or a participle."""
    return word.endswith("ed") or word in _BASE


@lru_cache(maxsize=16384)
def relation(first: str, second: str) -> Relation:
    """How two stems stand to each other."""
    if first == second:
        return Relation.SAME
    tables, key = _tables(), _key(first, second)
    if key in tables.synonyms or key in _SYNONYMS:
        return Relation.SYNONYM
    if key in tables.derived or _kindred(first, second):
        return Relation.DERIVED
    return Relation.NEAR if key in tables.near else Relation.NONE


def are_opposite(first: str, second: str) -> bool:
    """Whether two stems mean the opposite: by WordNet, by the table below, or by a prefix that denies."""
    keys = {_key(first, second), _key(_positive(first), _positive(second))}
    if keys & _tables().opposites or keys & _OPPOSITES:
        return True
    return _denies(first, second) or _denies(second, first)


def _positive(root: str) -> str:
    """``cheaper`` and ``cheapest`` as ``cheap``; what is no comparative comes out as no word, which harms nothing."""
    for ending in ("iest", "ier", "est", "er"):
        if root.endswith(ending) and len(root) > len(ending) + 2:
            return root.removesuffix(ending)
    return root


def _denies(denied: str, plain: str) -> bool:
    return len(plain) >= 3 and any(denied == prefix + plain for prefix in _DENYING)


def _kindred(first: str, second: str) -> bool:
    """One root by their looks: ``insur`` and ``insuranc``; both endings short, so ``unit`` and ``univers`` are not."""
    shorter, longer = sorted((first, second), key=len)
    return len(shorter) >= MIN_KINDRED and longer.startswith(shorter) and longer[len(shorter) :] in _ENDINGS


def _key(first: str, second: str) -> str:
    return f"{first} {second}" if first < second else f"{second} {first}"


@lru_cache(maxsize=1)
def _tables() -> Tables:
    stored = json.loads(resource("measured", "words.json").read_text(encoding="utf-8"))

    def pairs(name: str) -> frozenset[str]:
        return frozenset(stored[name].split("|"))

    return Tables(pairs("synonyms"), pairs("near_synonyms"), pairs("opposites"), pairs("derived"))


_DENYING = ("un", "in", "im", "ir", "il", "dis", "non", "mis", "de", "anti", "counter")
_ENDINGS = frozenset(
    {"ment", "anc", "ation", "ion", "er", "or", "ing", "al", "ness", "ship", "age", "ist", "ity"}
)
_OPPOSITES = frozenset(
    _key(stem(_BASE.get(first, first)), stem(_BASE.get(second, second)))
    for pair in (
        "win lose", "buy sell", "import export", "arrive leave", "arrive depart", "lend borrow", "send receive",
        "send get", "open close", "push pull", "add remove", "create delete", "install uninstall", "enter exit",
        "accept reject", "accept refuse", "approve oppose", "approve reject", "agree refuse", "allow forbid",
        "allow prohibit", "permit forbid", "include exclude", "pass fail", "remember forget", "increase decrease",
        "increase reduce", "rise fall", "raise lower", "upload download", "encrypt decrypt", "start finish",
        "begin end", "start end", "start stop", "love hate", "like hate", "hire fire", "earn spend", "save spend",
        "cheap expensive", "cheap dear", "heavy light", "fast slow", "quick slow", "early late", "old young",
        "old new", "big small", "large small", "tall short", "long short", "high low", "hot cold", "warm cool",
        "wide narrow", "deep shallow", "hard easy", "strong weak", "rich poor", "good bad", "best worst",
        "better worse", "more less", "most least", "minimum maximum", "min max", "above below", "over under",
        "before after", "upper lower", "inside outside", "indoor outdoor", "upstairs downstairs", "front back",
        "front rear", "left right", "north south", "east west", "internal external", "first last", "next last",
        "next previous", "previous present", "current previous", "current former", "original current",
        "temporary permanent", "public private", "advantage disadvantage", "advantage drawback",
        "benefit drawback", "pro con", "strength weakness", "plus minus", "profit loss", "question answer",
        "parent child", "buyer seller", "teacher student", "teacher pupil", "doctor patient", "net gross",
        "estimate actual", "busy quiet", "full empty", "wet dry", "clean dirty", "alive dead", "male female",
        "boy girl", "man woman", "husband wife", "mother father", "mum dad", "brother sister", "son daughter",
        "uncle aunt", "day night", "morning evening", "breakfast dinner", "lunch dinner", "weekday weekend",
        "solve cause", "ask answer", "ask reply", "give take", "give receive", "give get", "come go", "own rent",
    )
    for first, second in (pair.split(),)
)  # fmt: skip
_SYNONYMS = frozenset(
    _key(base_stem(first), base_stem(second))
    for group in _EVERYDAY.split(";")
    for first in group.split()
    for second in group.split()
    if first != second
)
