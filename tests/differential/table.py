"""The rows of `disagreements`: reads them, and finds the one that explains a
disagreement."""
import fnmatch
import pathlib
import re
import sys
from dataclasses import dataclass

from cures import CURES

TABLE = pathlib.Path(__file__).resolve().parent / "disagreements"
ANY = "*"


@dataclass
class Row:
    number: int  # of its line
    engines: list
    verifiers: list
    ours: list
    theirs: list
    conditions: list  # of alternatives
    cause: str
    met: int = 0

    def fits(self, d):
        return ((ANY in self.engines or d.engine in self.engines)
                and (ANY in self.verifiers or d.verifier in self.verifiers)
                and (ANY in self.ours or d.ours.result in self.ours)
                and (ANY in self.theirs or d.theirs.result in self.theirs)
                and all(any(holds(c, d) for c in either) for either in self.conditions))

    def flaw(self):
        """What makes it no row; None: nothing does."""
        flat = [c for either in self.conditions for c in either]
        cures = [c.removeprefix("cured: ") for c in flat if c.startswith("cured: ")]
        if any(cure not in CURES for cure in cures):
            return "no such cure"
        if ANY in self.ours and not cures and "seconded" not in flat and \
                not any(c.startswith("we ~ ") for c in flat):
            return "any answer of ours, and nothing that says it is right"
        return None


def holds(condition, d):
    if condition == "seconded":
        return d.seconded()
    if condition.startswith("cured: "):
        return d.cured(condition.removeprefix("cured: "))
    who, tilde, pattern = condition.partition(" ~ ")
    if tilde:
        return re.search(pattern, {"we": d.ours, "they": d.theirs}[who].detail) is not None
    return any(fnmatch.fnmatchcase(fact, condition) for fact in d.facts())


class Table:
    def __init__(self):
        self.rows = []
        for number, line in enumerate(TABLE.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                self.rows.append(self.read(number, line))

    @staticmethod
    def read(number, line):
        cells = [cell.strip() for cell in line.split(" | ")]
        if len(cells) != 6:
            sys.exit(f"{TABLE}:{number}: not six cells")
        engines, others, ours, theirs, conditions, cause = cells
        row = Row(number, engines.split(), others.split(), ours.split(), theirs.split(),
                  [c.split(" or ") for c in conditions.split(" & ")], cause)
        if row.flaw():
            sys.exit(f"{TABLE}:{number}: {row.flaw()}")
        return row

    def explain(self, disagreement):
        """The first row that fits, or None."""
        return next((row for row in self.rows if row.fits(disagreement)), None)

    def stale(self):
        return [row for row in self.rows if row.met == 0]
