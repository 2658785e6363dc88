"""Words of general English that the splitter knows: no field's vocabulary, so they live with the engine."""

from __future__ import annotations

BINDING = frozenset(
    """
        ref mr mrs ms mx dr prof rev hon gen col sgt capt lt st mt ft fig figs no nos nr art vol ch sec para p
        pp cf ca c approx appr vs v viz e.g eg i.e ie incl excl esp resp tel ext dept est rs usd temp n° nº
    """.split()
)
"""Abbreviations that lean on the next word: a full stop after them never ends a sentence before a word or figure."""

CLOSING = frozenset(
    """
        co corp inc ltd llc plc jr sr etc al bros ave blvd rd hwy a.m p.m u.s u.s.a u.k e.u u.n uk b.c a.d
        ph.d m.d jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun
    """.split()
)
"""Abbreviations that may end a sentence: they do so before a word that usually begins one."""

UNITS = frozenset(
    """
        min mins max hr hrs h sec secs wk wks mo yr yrs oz lb lbs pcs pc pkt qty ml cm mm in kg g mg sq cu
        ft
    """.split()
)
"""Units of measure: they end a sentence before a capital letter, not before a figure."""

LEANING = frozenset("a an the of and or our your".split())
"""Words that lean on the next one: no line of copy ends with them unless it is wrapped."""

DENYING = frozenset("not never".split())
AUXILIARIES = frozenset("is are was were do does did can could will would should may might has have".split())
"""After these, what denies leans on the next word, too."""

OPENERS = frozenset(
    """
        a after all also although always an and any are as ask at avoid be because before both but buy by
        call can choose comes contact did do does don't each even every everything few for free from get
        give had has have he her here his how however i if i'm in is it it's its just let made many may
        maybe more most my never no not nothing now of on once one only our please read results see she
        should simply since so some take that the their then there these they this those to today treatment
        try two under until use was we we're were what when where which while who why will with without
        would you your you're yours
    """.split()
)
"""Words that commonly begin a sentence."""
