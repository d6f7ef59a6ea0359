"""CPU a message: sizes, signatures, an ARC chain of two, with DNS cached, one domain,
a message a connection; then several a connection, many domains, and DNS not cached."""
import statistics

from field import arithmetic

SIZES = ("3 KB", 3000, 3000), ("30 KB", 30000, 2000), ("300 KB", 300000, 400), ("5 MB", 5000000, 40)
# Title, signatures, ARC sets; each set is two signatures more, the seal and the message's.
KINDS = ("1 signed", 1, 0), ("2 signed", 2, 0), ("1 signed, chain of 2", 1, 2)
NAMES = "nothing", "a field", "vidimusd", "libraries", "opendkim", "opendmarc", "rspamd", "rspamd-self"


def verifications(signatures, sets):
    """Signatures that a verifier has to look at: of the message signatures of a
    chain the newest only."""
    return signatures + sets + (sets > 0)


def ratio(a, b):
    return f"{a / b:9.2f}" if b else f"{'-':>9}"


def row(field, contestants, title, size, messages, signatures=1, sets=0, domains=(1,),
        **more):
    files = [field.mails.make(n, size, signatures, sets) for n in domains]
    costs = {name: [] for name in contestants}
    for c in contestants.values():  # fills the caches
        field.load(c, files, messages=max(20, len(files)))
    for _ in range(field.settings.runs):
        for name, c in contestants.items():
            costs[name].append(field.cost(c, files, max(messages // c.work, 5), **more))
    cost = {name: statistics.median(costs[name]) for name in costs}
    sums = arithmetic(field.base, size, verifications(signatures, sets))
    print(f"{title:28}" + "".join(f"{cost[n]:11.0f}" if n in cost else f"{'-':>11}" for n in NAMES) +
          f"{sums:12.0f}" + "".join(ratio(cost["vidimusd"], other) for other in beside(cost, sums).values()),
          flush=True)


def beside(cost, sums):
    """What vidimusd is measured against; None: not installed."""
    chain = "opendkim" in cost and "opendmarc" in cost
    return {
        "/floor": cost["nothing"] + sums,
        "/written": cost["a field"] + sums,
        "/chain": cost["opendkim"] + cost["opendmarc"] if chain else None,
        "/rspamd": cost.get("rspamd"),
        "/self": cost.get("rspamd-self"),
    }


def table(field):
    contestants = {name: c for name in NAMES if (c := field.get(name))}
    print(f"{'us':28}" + "".join(f"{n:>11}" for n in NAMES) + f"{'arithmetic':>12}" +
          "".join(f"{n:>9}" for n in beside(dict.fromkeys(NAMES, 0), 0)), flush=True)
    for size_name, size, messages in SIZES:
        for kind, signatures, sets in KINDS:
            row(field, contestants, f"{size_name}, {kind}", size, messages, signatures, sets)
    row(field, contestants, "3 KB, 1 signed, 100 a conn.", 3000, 3000, per_connection=100)
    row(field, contestants, "3 KB, 1 signed, 500 domains", 3000, 3000, domains=range(1, 501))
    field.dns.restart(ttl=0)
    row(field, contestants, "3 KB, 1 signed, not cached", 3000, 2000, domains=(600,))
    field.dns.restart()
    print("vidimusd beside: floor: nothing + arithmetic; written: the same with a field that is added;"
          " chain: opendkim + opendmarc; rspamd as Debian has it; rspamd that scans by itself")
