"""Compares the answers of both engines with everybody else's."""
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import facts
from cures import CURES, EVERYTHING
from verifiers import Answer

ENGINES = {"dkim": ["native", "libopendkim"], "spf": ["native", "libspf2"]}
RESULTS = {"dkim": ["pass", "fail", "policy", "permerror", "temperror"],
           "spf": ["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"]}
CONSTRUCTION = "construction"  # what has to come of a case as it was made
# Of made-up wrong answers, about pass or not, the share that has to fail.
NOTICED_MIN = {True: 0.99, False: 0.9}
COARSE = ("python3-dkim", CONSTRUCTION)  # tell pass, temperror and no


def agree(method, verifier, ours, theirs):
    if method == "dkim" and verifier in COARSE:
        fine = ("pass", "temperror", "died")
        return (ours.result if ours.result in fine else "no") == theirs.result
    told = verifier == CONSTRUCTION or ours.explanation == theirs.explanation
    return ours.result == theirs.result and (ours.result != "fail" or told)


def plain(answer):
    return replace(answer, explanation=facts.nibbles_in_small(answer.explanation))


class Asked:
    """The verifiers, for cured cases: each is asked once."""

    def __init__(self, judges):
        self.judges = judges  # verifier -> function of a case
        self.answers = {}

    def answer(self, case, verifier, cure):
        key = case.id, verifier, cure
        if key not in self.answers:
            self.answers[key], = self.judges[verifier](CURES[cure](case))
        return self.answers[key]


@dataclass
class Judged:
    """One signature, or one SPF evaluation, with everybody's answer."""
    case: object
    index: int
    answers: dict
    asked: Asked

    def facts(self):
        if not hasattr(self, "known"):
            self.known = facts.facts_of(self.case, self.index)
        return self.known

    def cured(self, verifier, cure):
        return self.asked.answer(self.case, verifier, cure)

    def others(self):
        """Who answers beside our engines."""
        return [who for who, answer in self.answers.items()
                if answer and who not in ENGINES[self.case.method]]


@dataclass
class Disagreement:
    judged: Judged
    engine: str
    verifier: str
    ours: Answer
    theirs: Answer
    row: object = None

    def facts(self):
        return self.judged.facts() | facts.facts_told(self.ours, self.theirs)

    def seconded(self):
        """Whether somebody else says what we say, if need be of the cured case."""
        others = [who for who in self.judged.others() if who != self.verifier]
        return any(self.is_ours(who, self.judged.answers[who]) for who in others) or any(
            self.is_ours(who, self.judged.cured(who, EVERYTHING)) for who in others
            if self.judged.case.method == "spf" and who != CONSTRUCTION)

    def cured(self, cure):
        """Whether they say what we say once that is out of the case."""
        return self.is_ours(self.verifier, self.judged.cured(self.verifier, cure))

    def is_ours(self, who, answer):
        """But for the case of nibbles: RFC 7208 leaves that open."""
        return agree(self.judged.case.method, who, plain(self.ours), plain(answer))

    def tell(self):
        case = self.judged.case
        place = f" signature {self.judged.index + 1}" if case.method == "dkim" else ""
        return (f"FAIL {case.id}{place}: {self.engine} {told(self.ours)}, "
                f"{self.verifier} {told(self.theirs)}\n     {', '.join(sorted(self.facts()))}")


def told(answer):
    return f"{answer.result} ({(answer.detail or answer.explanation or '')[:200]})"


class Comparison:
    def __init__(self, table, judges):
        self.table = table
        self.asked = Asked(judges)
        self.agreed, self.total = Counter(), Counter()  # of (method, engine, verifier)
        self.met = defaultdict(list)  # disagreements of the same
        self.invented, self.noticed = Counter(), Counter()

    def add(self, case, answers):
        """ANSWERS: who -> one answer a signature, or one for SPF."""
        counts = {who: len(found) for who, found in answers.items()}
        if len(set(counts.values())) != 1:
            raise SystemExit(f"FAIL {case.id}: so many answers: {counts}\n{case.show()}")
        for index in range(len(next(iter(answers.values())))):
            judged = Judged(case, index, {who: found[index] for who, found in answers.items()},
                            self.asked)
            self.compare(judged)
            self.invent(judged)

    def compare(self, judged):
        engines = ENGINES[judged.case.method]
        pairs = [(engine, who) for engine in engines for who in judged.others()]
        for engine, verifier in pairs + [(engines[1], engines[0])]:
            pair = judged.case.method, engine, verifier
            self.total[pair] += 1
            d = self.disagreement(judged, engine, verifier, judged.answers[engine])
            if d is None:
                self.agreed[pair] += 1
                continue
            self.met[pair].append(d)
            if d.row:
                d.row.met += 1

    def disagreement(self, judged, engine, verifier, ours):
        """OURS and VERIFIER's answer, None if they are the same."""
        theirs = judged.answers[verifier]
        if agree(judged.case.method, verifier, ours, theirs):
            return None
        d = Disagreement(judged, engine, verifier, ours, theirs)
        d.row = self.table.explain(d)
        return d

    def invent(self, judged):
        """Had the native engine been wrong here, would anybody have told?"""
        method, ours = judged.case.method, judged.answers["native"]
        wrong = [Answer(result, detail="invented") for result in RESULTS[method]
                 if result != ours.result]
        if method == "spf" and ours.result == "fail":
            wrong.append(Answer("fail", "invented"))
        for answer in wrong:
            kind = method, "pass" in (ours.result, answer.result)
            self.invented[kind] += 1
            found = (self.disagreement(judged, "native", who, answer) for who in judged.others())
            self.noticed[kind] += any(d and not d.row for d in found)

    def blind(self):
        """The kinds of wrong answers of which the table explains away too many."""
        return [kind for kind, count in self.invented.items()
                if self.noticed[kind] < NOTICED_MIN[kind[1]] * count]

    def invented_lines(self):
        return [f"{method:4} {self.noticed[method, about_pass]:5} of {count:5} wrong answers made up "
                f"for native fail, {'about pass' if about_pass else 'about others'}"
                for (method, about_pass), count in sorted(self.invented.items())]

    def unexplained(self):
        return [d for found in self.met.values() for d in found if not d.row]

    def summary(self):
        lines = []
        for pair, total in self.total.items():
            method, engine, verifier = pair
            lines.append(f"{method:4} {engine:11} and {verifier:13} "
                         f"{self.agreed[pair]:5} of {total:5} agree")
            causes = Counter(d.row.cause if d.row else "unexplained" for d in self.met[pair])
            lines += [f"    {count:4}  {cause}"
                      for cause, count in sorted(causes.items(), key=lambda c: (-c[1], c[0]))]
        return lines
