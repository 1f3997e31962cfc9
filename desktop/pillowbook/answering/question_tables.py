"""The words and turns of phrase that ``question`` goes by: general English, no more than tables."""

import re

from pillowbook.answering.lexicon import base_stem
from pillowbook.answering.pairs import LEADING_UP

REWRITES = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"^(?:just checking|quick question|thanks|sorry|and|hey)\b[ :,]*", ""),
        (rf"^(?:(?:sorry|and|please|{LEADING_UP})\b[ ,]*)+", ""),
        (r"^i(?:'d| would| d) like to know\s*", ""), (r"\baccording to\b", "per"),
        (r"^what (?:is|was) the birthplace of (.+)$", r"where was \1 born"),
        (r"^(?:i was wondering|i wonder|would you mind telling me|(?:could|can) you let me know|any idea"
         r"|do you remember|do you know|let me know|remind me|i need to know|i want to know)\b\s*", ""),
        (r"^(wh\w+|how(?: \w+)?) was (.+) again$", r"\1 is \2"),
        (r"^(wh\w+|how(?: \w+)?) were (.+) again$", r"\1 are \2"), (r"\b(?:please|again)$", ""),
        (r"(?<=\d)°c\b", " degrees celsius"), (r"(?<=\d)°f\b", " degrees fahrenheit"), (r"(?<=\d)°", " degrees"),
        (r"%", " percent"),
        (r"\bwi fi\b|\bwi-fi\b", "wifi"), (r"\be-mail\b", "email"), (r"\bphone no\b", "phone number"),
        (r"\bunited states(?: of america)?\b|\busa\b", "us"), (r"\bhuman resources\b", "hr"),
        (r"\bunited kingdom\b", "uk"), (r"\bvit\b", "vitamin"),
        (r"\bget rid of\b|\bgets rid of\b|\bgot rid of\b", "remove"), (r"\bget (.{2,30}) out of\b", r"remove \1 from"),
        (r"\b(?:runs?|ran|running) out\b", "expire"), (r"\b(?:finds?|found|finding) out(?: about)?\b", "learn"),
        (r"\bin charge of\b", "responsible for"), (r"\b(?:takes?|took|taken|taking) place\b", "happen"),
        (r"\b(?:stands?|stood) for\b", "mean"), (r"\bagreed? on\b", "decide"), (r"\bset(?:ting)? up\b", "install"),
        (r"\bis it possible to\b|\bis there a way to\b", "can"), (r"\bgoing to\b", "will"),
        (r"\b(?:am|are) (i|we)( not)? allowed to\b", r"can \1\2"),
        (r"^(?:is|are) (.{2,30}?) allowed(?= (?:in|on|at|inside|near)\b|$)", r"can \1"),
        (r"\bdid ((?:the|my|our) (?:\w+ )?(?:recipe|manual|guide|leaflet|letter|lease|contract)) say\b",
         r"does \1 say"),
        (r"\b(?:(?:what|which) (?:is|are|was) )?(?:the |a |some )?(?:best |good |right )?ways? (?:to|of)\b", "how"),
        (r"\b(?:what|which) (?:is|was) the best time (?:to|for)\b", "when"),
        (r"\bwhat (?:does|do|did) it take to\b", "how"),
        (r"\bby whom\b|\bfrom whom\b", "who"), (r"\b(?:what|which) (?:person|people)\b", "who"),
        (r"\b(?:in|at) (?:what|which) (?:place|location)\b|\bin what part of\b", "where"),
        (r"\b(?:what|which) (?:place|location)\b", "where"),
        (r"\bhow old\b|\b(?:at )?(?:what|which) age\b", "what age"), (r"\bhow (?:tall|high)\b", "what height"),
        (r"\bhow heavy\b", "what weight"), (r"\bhow (?:big|large)\b", "what size"), (r"\bhow wide\b", "what width"),
        (r"\bhow deep\b", "what depth"), (r"\bhow far(?: away)?\b", "what distance"),
        (r"\bhow (?:often|frequently)\b", "what frequency"),
        (r"\b(?:for )?how long\b|\bhow much time\b|\b(?:what is the )?duration of\b", "what duration"),
        (r"\bfor what reason\b|\bwhat (?:is|was|are|were) the (?:main )?(?:reasons?|causes?) (?:for|of|that|why)?"
         r"|\bwhat (?:makes|made|caused)\b", "why"),
        (r"\b(?:what is )?(?:the )?number of (?!the |my |our |your |this )", "how many "),
        (r"\b(?:what|which) (?:type|types|kind|kinds|sort|sorts) of\b", "what"),
        (r"\b(?:what is|what was|whats) the name of\b", "what is"),
        (r"\b(?:per|a|an|each|every) (day|week|month|quarter|year|hour)\b", r"per \1"),
        (r"\bdaily\b", "per day"), (r"\bweekly\b", "per week"), (r"\bmonthly\b", "per month"),
        (r"\b(?:yearly|annually|annual)\b", "per year"), (r"\bhourly\b", "per hour"),
    )
)  # fmt: skip

ASKS = tuple(
    (re.compile(pattern), sort)
    for pattern, sort in (
        (r"\bhow much (?:did|do|does|is|are|was|were|has|have|will|would) (?:.* )?(?:cost|pay|paid)\b", "cost"),
        (r"\bhow much (?:is|are|was|were)\b", "cost"),
        (r"\bwhat (?:did|do|does|will|would) .*\b(?:cost|pay|charge)\b(?! (?:for )?the most)", "cost"),
        (r"\bwhat (?:(?:is|are|was|were) )?the (?:\w+ )?(?:price|cost|fee|charge|fare)s?\b", "cost"),
        (r"\b(?:what|which) (?:price|cost|fee)\b|^the (?:price|cost|fee)\b", "cost"),
        (r"\bhow (?:many|much)\b|\bwhat (?:number|amount|percent|percentage|proportion|share|quantity)\b", "quantity"),
        (r"\bwhat (?:is|was|are|were) the (?:population|capacity)\b", "quantity"),
        *(
            (rf"\b(?:what|which) {noun}\b|\bwhat (?:(?:is|are|was|were) )?the (?:\w+ )?{noun}\b|^the {noun}\b", noun)
            for noun in ("age", "height", "weight", "size", "width", "depth", "distance", "frequency", "duration")
        ),
        (r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|time|century|decade|week)\b"
         r"|\bwhat (?:(?:is|are|was|were) )?the (?:\w+ )?(?:date|deadline|time|times|hours)\b", "time"),
        (r"\bwhere\b|\b(?:what|which) (?:city|country|town|room|address|street|state|region)\b", "place"),
        (r"\bwho(?:m|se)?\b", "person"),
        (r"\bwhy\b", "reason"),
        (r"\bhow\b", "manner"),
        (r"\b(?:what|which)\b", "thing"),
        (r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must|am)\b", "yes-no"),
    )
)  # fmt: skip
IMPLIED = {
    "cost": "cost price charge fee pay fare much", "age": "age old", "height": "height high tall",
    "weight": "weight weigh heavy", "size": "size big large", "width": "width wide", "depth": "depth deep",
    "distance": "distance far", "frequency": "frequency frequent often", "duration": "duration long take length",
    "time": "time date deadline due", "place": "place locate location", "person": "person people",
    "reason": "reason cause", "manner": "way", "quantity": "amount number quantity",
}  # fmt: skip

SHORT = {
    "appt": "appointment", "dr": "doctor", "prof": "professor", "st": "street", "info": "information", "lab":
    "laboratory", "exam": "examination", "docs": "documentation", "doc": "document", "temp": "temperature", "max":
    "maximum", "min": "minimum", "avg": "average", "ref": "reference", "reg": "registration", "vet": "veterinarian",
    "ad": "advertisement", "ads": "advertisement", "approx": "approximately", "dept": "department", "pw": "password",
    "pwd": "password", "uni": "university", "tel": "telephone", "mgr": "manager", "addr": "address", "app":
    "application", "bday": "birthday", "gym": "gymnasium", "govt": "government", "hq": "headquarters", "id":
    "identification", "intl": "international", "mgmt": "management", "org": "organisation", "qty": "quantity",
    "rec": "recommendation", "spec": "specification", "vs": "versus", "pic": "picture", "pics": "picture", "fav":
    "favourite", "admin": "administrator", "veg": "vegetable", "site": "website", "net": "net",
}  # fmt: skip

_CALENDAR = (
    "monday; tuesday tue tues; wednesday; thursday thu thur thurs; friday fri; saturday; sunday;"
    "today tonight; tomorrow; yesterday; morning; noon midday lunchtime; afternoon; evening; night; midnight; spring;"
    "summer; autumn; winter; weekend; weekday; christmas xmas; easter; whitsun; halloween; ramadan; diwali; hanukkah;"
    "thanksgiving; eve; eighties; nineties; seventies; sixties; fifties; quarter; q1; q2; q3; q4; term; century; decade"
)
DATED = {word: group.split()[0] for group in _CALENDAR.split(";") for word in group.split()}
SHORT_DAYS = re.compile(r"(?<=\w )(?:Mon|Wed|Sat|Sun)\b\.?(?! [A-Z])")
DAYS = {"Mon": "Monday", "Wed": "Wednesday", "Sat": "Saturday", "Sun": "Sunday"}

_UNIT_GROUPS = (
    "kilometre km kilometer; metre meter; centimetre cm centimeter; millimetre mm millimeter; mile; yard; foot ft;"
    "inch; kilo kg kilogram kilogramme; gram g gramme; milligram mg; microgram mcg; pound lb lbs; ounce oz; stone;"
    "tonne ton; litre l liter; millilitre ml milliliter; gallon; pint; cup; teaspoon tsp; tablespoon tbsp; slice;"
    "second sec; minute min mins; hour hr hrs h; day; week wk; month; year yr; decade; euro eur €; dollar usd $; "
    "pence gbp £; franc chf; yen; krona; celsius centigrade; fahrenheit; kelvin; percent % percentage; watt w; kilowatt"
    " kw; kwh; volt; amp ampere; lumen; joule; calorie kcal; kilojoule kj; bar; psi; pascal; mph; kmh km/h kph; knot;"
    "hectare; acre; byte; kilobyte kb; megabyte mb; gigabyte gb; terabyte tb; megabit mbit mbps; gigabit gbit; degree"
)
UNITS = {word: group.split()[0] for group in _UNIT_GROUPS.split(";") for word in group.split()}
LONE_UNITS = frozenset({"l", "g", "h", "w", "min", "second", "stone", "bar", "cup", "slice", "degree", "foot", "yard",
                         "day", "week", "month", "year", "hour", "minute"})  # fmt: skip
"""Units only after a number, "how many", "per" or "in"; elsewhere mostly other words."""

_ORDINAL_TEXT = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
ORDINALS = {word: str(at) for at, word in enumerate(_ORDINAL_TEXT.split(), start=1)}
COUNTS = {"once": "1", "twice": "2", "thrice": "3", "half": "1/2", "double": "2", "single": "1", "dozen": "12",
           "eighteen": "18", "forty": "40", "quarter": "1/4", "couple": "2"}  # fmt: skip
ROMAN = re.compile(r"\b(?=[IVX]{2,})X{0,3}(?:IX|IV|V?I{0,3})\b")
DIGITED = re.compile(r"[^\W_]*\d[^\W_]*(?:[.,:/-]\d+)*")
ORDINAL_FIGURE = re.compile(r"(\d+)(?:st|nd|rd|th)")

NEGATIONS = frozenset({"not", "no", "never", "none", "nobody", "nothing", "without", "neither", "nor", "except",
                        "unless", "avoid", "fail", "lack", "refuse", "forbid", "exclude", "forget"})  # fmt: skip
NO_MORE = re.compile(
    r"\bno longer\b|\byet to\b|\bnot yet\b|\bfar from\b|\banything but\b|\binstead of\b|\brather than\b"
)

_TELLING_TEXT = """
last next former latter ago already yet still before after until till since earlier later early late newest newer
recent recently previous previously current currently now present original originally old new final draft latest all
some both either any only other another same different such own most more many few fewer less least enough too very
than worst worse better minimum maximum over under above below up down inside outside left right front back north
south east west northern southern eastern western out off versus instead everyone everybody total whole entire half
abroad online first little much
"""
TELLING = frozenset(_TELLING_TEXT.split())
"""Small words that turn a question around where only one of the two has them."""

PERSONS = {
    **dict.fromkeys(("i", "me", "my", "mine", "we", "us", "our", "ours"), "we"),
    **dict.fromkeys(("he", "him", "his"), "he"),
    **dict.fromkeys(("she", "her", "hers"), "she"),
    **dict.fromkeys(("they", "them", "their", "theirs"), "they"),
    "your": "you",
}
DOERS = frozenset({"i", "we", "he", "she", "they"})
OWNERS = frozenset({"my", "mine", "our", "ours", "his", "her", "hers", "their", "theirs"})
SPEAKERS = {**dict.fromkeys(("i", "me", "we", "us"), "we"), "he": "he", "him": "he", "she": "she", "her": "she",
             "they": "they", "them": "they", "you": "you"}  # fmt: skip
PREPOSITIONS = frozenset(
    [
        "of",
        "from",
        "to",
        "by",
        "with",
        "without",
        "for",
        "about",
        "against",
        "between",
        "into",
        "onto",
        "on",
        "in",
        "at",
        "over",
        "under",
        "than",
        "as",
        "through",
        "via",
        "after",
        "before",
        "during",
        "near",
        "behind",
        "above",
        "below",
        "per",
        "besides",
    ]
)
BE = frozenset({"is", "are", "was", "were", "be", "been", "being", "am", "gets", "got"})
DO = frozenset(
    {"do", "does", "did", "can", "could", "will", "would", "should", "has", "have", "had", "may", "must"}
)
ARTICLES = frozenset(
    {"the", "a", "an", "this", "that", "these", "those", "my", "our", "your", "his", "her", "their"}
)
DO_ONLY = frozenset({"do", "does", "did"})
ROLE_VERBS = frozenset(
    [
        "give",
        "gives",
        "gave",
        "given",
        "get",
        "gets",
        "got",
        "make",
        "makes",
        "made",
        "take",
        "takes",
        "took",
        "taken",
        "call",
        "calls",
        "find",
        "finds",
        "found",
        "tell",
        "tells",
        "told",
        "say",
        "says",
        "said",
        "show",
        "shows",
        "know",
        "knows",
        "knew",
        "like",
        "likes",
        "liked",
        "use",
        "uses",
        "used",
        "need",
        "needs",
        "let",
        "lets",
    ]
)
"""Verbs too common to tell questions apart, but who does it to whom counts all the same."""

_LIGHT = frozenset({"exactly", "actually", "usually", "currently", "again", "also", "possible", "possibly", "people",
                    "person", "thing", "something", "someone", "else", "way", "kind", "type", "sort", "piece",
                    "happen", "become", "want", "use", "main", "mainly", "various", "certain", "able",
                    "ever"})  # fmt: skip
LIGHT_STEMS = frozenset(base_stem(word) for word in _LIGHT)
