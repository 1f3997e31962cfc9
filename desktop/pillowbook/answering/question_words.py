"""The word classes by which a question is taken apart: closed ones, and lists of everyday verbs."""


def words_of(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())


WH_WORDS = words_of("what which who whom whose when where why how")
MEASURES = words_of(
    "much many long often old far big heavy high tall late early soon deep fast hot cold large wide well"
)
DO = words_of("do does did don't doesn't didn't")
BE = words_of("is are was were am be been being isn't aren't wasn't weren't")
MODALS = words_of("can could will would shall should may might must can't couldn't won't wouldn't shouldn't")
HAVE = words_of("has have had having hasn't haven't hadn't")
AUXILIARIES = DO | BE | MODALS | HAVE
PREPOSITIONS = words_of(
    "of for at in on with from about to by since until till after before during under over into than between "
    "without "
    "near against through towards per as around behind"
)
SUBORDINATE = words_of("when if once while until because although unless")
JOINING = words_of("of for at in on with from about")
"""What makes one phrase of two: "the rent for the workshop"."""
DETERMINERS = words_of("the a an my our your his her its their this that these those some any each every")
PRONOUNS = words_of(
    "i you he she it we they me him her us them mine yours hers ours theirs one ones myself someone somebody "
    "anyone "
    "anybody everyone everybody nobody something anything everything nothing"
)
SMALL = words_of(
    "and or but so then also too not never again still now yet ever just only really exactly actually there "
    "here up "
    "down out off back away when if because while once that than please altogether else already usually "
    "anyway much "
    "many more most less least long often far soon later earlier today tomorrow yesterday all both"
)
PURE_VERBS = words_of("""
    need needs needed decide decides decided get gets got getting give gives gave given go goes went gone going come
    comes came make makes made take takes took taken know knows knew known say says said tell tells told keep keeps
    kept see sees saw seen choose chooses chose chosen put puts buy buys bought bring brings brought pay pays paid
    send sends sent spend spends spent sell sells sold hold holds held become becomes became begin begins began
    happen happens happened belong belongs live lives lived allow allows allowed meant mean means eat eats ate eaten
    drink drinks drank wear wears wore grow grows grew grown reach reaches reached owe owes owed use uses used fit
    fitted ask asks asked think thinks thought find finds found lose loses lost lend lends lent borrow borrows borrowed
    arrive arrives arrived leave leaves left speak speaks spoke include includes included contain contains contained
    recommend recommends recommended prune prunes pruned looks built build builds building agree agrees agreed expire
    expires expired renew renews renewed wants wanted want has goes runs ends starts costs
    sign signs signed charges works worked opens closes closed
    """)
"""Verbs that are nouns so seldom that a phrase ends before them."""
NOUNS_OR_VERBS = words_of("""
    cost end start run rent lead book deal work call charge review fly soak meet drive fee start land finish move stay
    bake cook paint harvest set stop change drop rise fall need want look talk rest visit order plan play study close
    open return ring repair fix service wash check break last rule share sleep swim walk weigh let cut date cover hire
    claim sound name like pick plant sow read write
    """)
"""Verbs that are nouns as often: verbs where they close what stands after "does" or "did"."""
NO_PARTICIPLES = words_of("speed breed hundred shed bed seed weed reed deed red")
MONTHS = words_of("january february march april may june july august september october november december")
WEEKDAYS = words_of("monday tuesday wednesday thursday friday saturday sunday")


def is_verb(word: str) -> bool:
    """Whether a folded word is an everyday verb, which it may be besides a noun."""
    return word in PURE_VERBS or word in NOUNS_OR_VERBS or word in AUXILIARIES


def is_small(word: str) -> bool:
    """Whether a folded word belongs to a closed class and names nothing."""
    return (
        word in WH_WORDS or word in AUXILIARIES or word in PREPOSITIONS or word in DETERMINERS or word in PRONOUNS
        or word in SMALL
    )  # fmt: skip
