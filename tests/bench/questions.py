"""DNS questions a message: of a domain that is new, and of one that was seen."""
import itertools

numbers = itertools.count(200000)
KINDS = (
    ("1 key, SPF with 2 includes", {}),
    ("SPF with 2 nested includes", {"prefix": "nest"}),
    ("3 keys of 3 domains", {"signatures": 3}),
    ("tree walk of 5 labels", {"prefix": "a.b.c"}),
    ("ARC chain of 2", {"sets": 2}),
)
NAMES = "vidimusd", "libraries", "opendkim", "opendmarc", "rspamd"


def count(field, contestant, made):
    """Questions of two messages, one after the other, of one new domain."""
    file = field.mails.make(next(numbers), **made)
    told = []
    for _ in range(2):
        before = len(field.dns.asked())
        field.load(contestant, [file])
        told.append(len(field.dns.asked()) - before)
    return told


def table(field):
    field.dns.restart()
    contestants = {name: c for name in NAMES if (c := field.fresh(name))}
    print(f"{'questions, new + seen':28}" + "".join(f"{name:>12}" for name in NAMES), flush=True)
    for title, made in KINDS:
        cells = ["%d + %d" % tuple(count(field, contestants[n], made)) if n in contestants else "-" for n in NAMES]
        print(f"{title:28}" + "".join(f"{cell:>12}" for cell in cells), flush=True)
