"""The wait after the final dot with DNS of 20 ms and names that are asked for the
first time, beside the slowest chain of dependent questions still open then."""
import itertools

DELAY = 20
SLACK = 1.15
numbers = itertools.count(1000)

# Title, how the message is made, pause between envelope and data, round trips of the
# slowest chain that is open at the final dot.
#
# With the whole message at once: SPF asks for the record, then for what it includes;
# the client's PTR record leads to an address.  What the header names (keys, DMARC
# records) needs one round trip, all at once.  A question that the answers bring up makes
# it one more: np, for whether the author domain exists matters only with a record above
# it and none of its own; the records of all domains that trusted sealers saw, when the
# message itself does not pass; likewise, but not among the cases, an explanation
# (spf { on-fail = "reject" }) after the fail, and the keys of an ARC chain with more than
# sixteen of them after its newest signature is good.  test_rounds counts all of these.
CASES = (
    ("1 key, SPF with 2 includes", {}, 60, 1),
    ("1 key, SPF with 2 includes", {}, 0, 2),
    ("1 key, SPF with 2 includes", {}, 100, 1),
    ("SPF with 2 nested includes", {"prefix": "nest"}, 60, 1),
    ("SPF with 2 nested includes", {"prefix": "nest"}, 0, 3),
    ("3 keys of 3 domains", {"signatures": 3}, 60, 1),
    ("3 keys of 3 domains", {"signatures": 3}, 0, 2),
    ("tree walk of 5 labels", {"prefix": "a.b.c"}, 60, 1),
    ("tree walk of 5 labels", {"prefix": "a.b.c"}, 0, 2),
    ("np of a domain above", {"prefix": "sub.np"}, 60, 2),
    ("np of a domain above", {"prefix": "sub.np"}, 0, 2),
    ("several sealers vouch", {"signatures": 0, "vouched": True}, 60, 2),
    ("several sealers vouch", {"signatures": 0, "vouched": True}, 0, 3),
    ("ARC chain of 2", {"sets": 2}, 60, 1),
    ("ARC chain of 2", {"sets": 2}, 0, 2),
    ("everything of these", {"signatures": 3, "sets": 2, "prefix": "a.b.c"}, 100, 1),
)
NAMES = "vidimusd", "libraries", "opendkim", "opendmarc", "rspamd"


def wait(field, contestant, files, pause):
    """In ms, the median and p90."""
    found = field.load(contestant, files, connections=4, pause=pause)
    return found["p50"], found["p90"]


def row(field, contestants, title, made, pause, trips):
    files = [field.mails.make(n, **made) for n in itertools.islice(numbers, field.settings.messages)]
    waits = {name: wait(field, c, files, pause) for name, c in contestants.items()}
    bound = 25 if pause >= 100 else trips * DELAY * SLACK
    chain = waits["opendkim"][0] + waits["opendmarc"][0] if {"opendkim", "opendmarc"} <= set(waits) else None
    others = chain, waits["rspamd"][0] if "rspamd" in waits else None
    p50, p90 = waits["vidimusd"]
    print(f"{title:28}{pause:6}{trips:6}{bound:8.1f}{p50:9.1f}{p90:9.1f}  {'yes' if p50 <= bound else 'NO':6}"
          f"{waits['libraries'][0]:9.1f}" + "".join(f"{o:9.1f}" if o else f"{'-':>9}" for o in others), flush=True)


def table(field):
    field.dns.restart(delay=DELAY)
    contestants = {name: c for name in NAMES if (c := field.fresh(name))}
    print(f"{'ms':28}{'pause':>6}{'trips':>6}{'bound':>8}{'p50':>9}{'p90':>9}  {'holds':6}{'libraries':>9}"
          f"{'chain':>9}{'rspamd':>9}", flush=True)
    for case in CASES:
        row(field, contestants, *case)
    print(f"bound: round trips of {DELAY} ms x {SLACK}, 25 ms after a pause of 100 ms; chain: opendkim + opendmarc")
    field.dns.restart()
