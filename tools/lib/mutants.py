# SPDX-License-Identifier: MPL-2.0
"""mutants: every small mistake that can be put into a C source, in the order of the text. Knows no files and no compiler.

Comments, strings, declarations without a value, tables of the file, asserts and sizes of memory are left alone: they are blanked
first, letter for letter, and the operators look for their places in what is left, inside functions only.
"""

import random
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    file: str  # as the tree names it
    line: int
    column: int
    operator: str
    old: str
    new: str
    at: int  # offset of old

    def apply(self, text):
        assert text[self.at:self.at + len(self.old)] == self.old
        # lines keep their numbers: an assert says its own
        return text[:self.at] + self.new + "\n" * (self.old.count("\n") - self.new.count("\n")) + text[self.at + len(self.old):]

    def key(self):
        return self.file, self.line, self.column, self.operator, self.new


# Calls that give back memory or a lock, fetch ahead or assert: without them no answer changes, so no answer tells.
UNSEEN = r"(?!TDM_ASSERT\(|\w*free\(|\w*_free_\w+\(|free_\w+\(|\w*_lock\(|\w*_unlock\(|\w*_near\(|\w*_release\(|tdm_kv_cursor_close\()"
CALL = r"(?:\(void\))?" + UNSEEN + r"\w+\("
PLACE = r"\**\(?[\w\->.\[\]+*()]*[\w\])]"  # what stands before an assignment; a type before a name has a space
REST = r"[^;{]*(?:\{[^{};]*\}[^;{]*)*;$"  # of a statement, which may hold values in braces, but no block
VALUE = r"(?<![\w.\[{])(?<!\{ )%s(?![\w.\]}])(?! \})"

# name, where, what instead. One match, one mutant.
OPERATORS = [
    ("drop a retraction", r"(?<=_replace\()(?:before|old)(?=,)", r"(tdm_span){ 0 }"),
    ("drop a retraction", r"(?<=_replace\(&fold->tables, )before(?=,)", r"(tdm_span){ 0 }"),
    ("drop a retraction", r"(?m)^(?P<keep> +)n\[i\] = tdm_take_wrapping\(0, [^;]*;$", r"\g<keep>;"),
    ("drop a retraction", r"(?m)^(?P<keep> +)\w+\([^;]*\b(?:from|old)\b[^;]*, -1\);$", r"\g<keep>;"),
    ("drop a retraction", r"(?m)^(?P<keep> +)\w+\([^;]*\bold_names\b[^;]*, NULL, NULL\);$", r"\g<keep>;"),
    ("drop a statement", r"(?m)^(?P<keep> +)" + CALL + REST, r"\g<keep>;"),
    ("drop a statement", r"(?m)^(?P<keep> +)" + PLACE + r" [-+*/|&^]?= " + REST, r"\g<keep>;"),
    ("drop a statement", r"(?m)^(?P<keep> +)" + PLACE + r"(?:\+\+|--);$", r"\g<keep>;"),
    ("drop a statement", r"(?m)^(?P<keep> +)(?:continue|return);", r"\g<keep>;"),
    ("boundary", r"(?<= )<(?= )", r"<="),
    ("boundary", r"(?<= )<=(?= )", r"<"),
    ("boundary", r"(?<= )>(?= )", r">="),
    ("boundary", r"(?<= )>=(?= )", r">"),
    ("equality", r"(?<= )==(?= )", r"!="),
    ("equality", r"(?<= )!=(?= )", r"=="),
    ("sign", r"(?<= )\+(?= )", r"-"),
    ("sign", r"(?<= )-(?= )", r"+"),
    ("sign", r"(?<= )\+=(?= )", r"-="),
    ("sign", r"(?<= )-=(?= )", r"+="),
    ("sign", r"(?<=[ (\[!])-(?=[\w(])", r""),
    ("sign", r"\btdm_add_wrapping(?=\()", r"tdm_take_wrapping"),
    ("sign", r"\btdm_take_wrapping(?=\()", r"tdm_add_wrapping"),
    ("and, or", r"&&", r"||"),
    ("and, or", r"\|\|", r"&&"),
    ("negation", r"!(?=[\w(])", r""),
    ("other branch", r"(?<=\s)\?(?=\s)", r"== 0 ?"),  # binds closer than && and ||, and looser than < and >
    ("true, false", r"\btrue\b", r"false"),
    ("true, false", r"\bfalse\b", r"true"),
    ("index", r"(?<=\w\[)0(?=\])", r"1"),
    ("index", r"(?<=\w\[)1(?=\])", r"0"),
    ("index", r"(?<=\w\[)2(?=\])", r"1"),
    ("index", r"(?<=\w\[)3(?=\])", r"2"),
    ("off by one", VALUE % "0", r"1"),
    ("off by one", VALUE % "1", r"2"),
    ("first, last", r"\bfirst\b", r"last"),
    ("first, last", r"\blast\b", r"first"),
    ("first, last", r"\b(\w+)_first\b", r"\1_last"),
    ("first, last", r"\b(\w+)_last\b", r"\1_first"),
    ("least, most", r"\b(\w+_)?min\b", r"\1max"),
    ("least, most", r"\b(\w+_)?max\b", r"\1min"),
]

BLANK = [
    r"/\*.*?\*/|//[^\n]*",
    r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
    r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
]
# Inside functions, after the strings are gone.
LEFT_ALONE = [
    r"(?m)^ +static const [^;]*;",
    r"\benum \{[^}]*\};?",
    r"(?m)^ +(?!return )(?:const |struct |unsigned )*\w+ \**\w+(?:\[[^;=]*\])*(?:, \**\w+(?:\[[^;=]*\])*)*;",
]
ARGUMENTS_LEFT_ALONE = r"\b(?:TDM_ASSERT|assert|tdm_memory_new|tdm_memory_grow|tdm_fail|sizeof)\("


def blank(text, start, end):
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def blank_all(text, pattern, flags=0):
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=flags)


def closing(text, at):
    """Where the bracket that opens at `at` is closed."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "({[") - (text[i] in ")}]")
        if depth == 0:
            return i
    raise ValueError("a bracket is never closed")


@dataclass
class Function:
    name: str
    head: str
    start: int  # of the body
    end: int


def plain(text):
    """Code alone: comments and strings are read together, for each may hold what opens the other."""
    text = blank_all(text, BLANK[0] + "|" + BLANK[1], re.S)
    return blank_all(text, BLANK[2])


def functions(code):
    found = []
    for match in re.finditer(r"(?m)^[a-z_][^;{}=]*?\b(\w+)\([^;{}]*\)\s*\{", code):
        start = match.end() - 1
        found.append(Function(match.group(1), match.group(), start, closing(code, start)))
    return found


def is_formula(function):
    return re.search(r"\btdm_formula \*", function.head) is not None and function.head.startswith("static ")


def formula_names(code, parts):
    """Formulas of measures and what only they call."""
    names = {part.name for part in parts if is_formula(part)}
    while True:
        more = {part.name for part in parts if part.name not in names and part.head.startswith("static ")
                and only_called_by(code, parts, part.name, names)}
        if not more:
            return names
        names |= more


def only_called_by(code, parts, name, callers):
    calls = [match.start() for match in re.finditer(r"\b%s\b" % name, code)]
    holders = [next((part.name for part in parts if part.start <= at <= part.end), None) for at in calls]
    inside = [holder for holder in holders if holder is not None]
    return len(inside) == len(holders) - 1 and inside and all(holder in callers or holder == name for holder in inside)


def mutable(code, parts):
    """The text with all blanked but the bodies of these functions, and in them what is left alone."""
    kept = blank(code, 0, len(code))
    for part in parts:
        kept = kept[:part.start] + code[part.start:part.end] + kept[part.end:]
    for pattern in LEFT_ALONE:
        kept = blank_all(kept, pattern)
    for match in re.finditer(ARGUMENTS_LEFT_ALONE, kept):
        if kept[match.end() - 1] == "(":  # not yet blanked within another
            kept = blank(kept, match.end(), closing(kept, match.end() - 1))
    return kept


def mutants_of(file, text, formulas=True):
    code = plain(text)
    parts = functions(code)
    skipped = set() if formulas else formula_names(code, parts)
    kept = mutable(code, [part for part in parts if part.name not in skipped])
    found = {}
    for name, where, instead in OPERATORS:
        for match in re.finditer(where, kept):
            new = match.expand(instead)
            old = text[match.start():match.end()]
            indent = len(match.groupdict().get("keep") or "")
            at = match.start() + indent
            mutant = Mutant(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), name, old[indent:], new[indent:], at)
            found.setdefault((mutant.at, mutant.old, mutant.new), mutant)  # an earlier row names it
    return sorted(found.values(), key=lambda mutant: (mutant.at, len(mutant.old), mutant.new))


def sample(mutants, count, seed):
    """At most count of them, as many of each file as of any other while it has some; in their order."""
    dice = random.Random(seed)
    waiting = {}
    for mutant in mutants:
        waiting.setdefault(mutant.file, []).append(mutant)
    for queue in waiting.values():
        dice.shuffle(queue)
    chosen = []
    while len(chosen) < count and waiting:
        for file in dice.sample(sorted(waiting), len(waiting)):
            chosen.append(waiting[file].pop())
            if not waiting[file]:
                del waiting[file]
    return sorted(chosen[:count], key=lambda mutant: (mutant.file, mutant.at, len(mutant.old), mutant.new))
