"""How CPU and memory grow, and the law that the numbers follow: a line through them
(least squares); more than linear is what grows faster than x."""
from sessions import Watch

SIZES = 3000, 30000, 300000, 1000000, 3000000
SIGNATURES = 1, 2, 4, 8
SESSIONS = 1, 8, 64, 512
DOMAINS = 1, 10, 100, 1000
CONSTANT = 1.15  # between the least and the most: less is no growth


def fit(xs, ys):
    """a, b of y = a + b x, and r squared."""
    n, mx, my = len(xs), sum(xs) / len(xs), sum(ys) / len(ys)
    sxx, syy = sum((x - mx) ** 2 for x in xs), sum((y - my) ** 2 for y in ys)
    sxy = sum((x - mx) * (y - my) for x, y in zip(xs, ys))
    b = sxy / sxx if n > 1 else 0
    return my - b * mx, b, sxy * sxy / (sxx * syy) if syy else 1


def law(xs, ys, unit):
    a, b, r2 = fit(xs, ys)
    line = f"{a:.0f} + {b:.4g} {unit} (r2 {r2:.3f})"
    if max(ys) < CONSTANT * min(ys):
        return f"constant (within {max(ys) / min(ys):.2f})"
    steepest = max((y2 / y1) / (x2 / x1) for x1, x2, y1, y2 in zip(xs, xs[1:], ys, ys[1:]))
    return f"{'linear' if steepest <= CONSTANT else 'MORE THAN LINEAR'}: {line}"


def tell(title, xs, ys, what, unit):
    print(f"{title:12}{what:18}" + "".join(f"{f'{x}: {y:.0f}':>16}" for x, y in zip(xs, ys)))
    print(f"{'':12}{law(xs, ys, unit)}", flush=True)


def many_domains(field, daemon):
    """Cost and memory when COUNT domains send in turn, all cached but in the first round."""
    costs, memory = [], []
    for count in DOMAINS:
        files = [field.mails.make(400000 + i) for i in range(count)]
        field.load(daemon, files)
        costs.append(field.median_cost(daemon, files, 2000, runs=3))
        memory.append(daemon.status("VmRSS"))
    return costs, memory


def many_sessions(field, daemon):
    """Cost of a message among so many, here and of the milter that does nothing; and
    memory while they all are there."""
    costs, floor, memory = [], [], []
    file = [field.mails.make(2)]
    for count in SESSIONS:
        for contestant, told in (daemon, costs), (field.get("nothing"), floor):
            told.append(field.median_cost(contestant, file, 3000, runs=3, connections=count, per_connection=10))
        with Watch(daemon) as watch:
            field.load(daemon, file, connections=count, messages=4 * count, per_connection=4, between=1000)
        memory.append(watch.memory()[0] * 1024)
    return costs, floor, memory


def table(field):
    field.dns.restart()
    daemon = field.fresh("vidimusd")

    costs = [field.median_cost(daemon, [field.mails.make(2, size)], max(40, min(2000, 10 ** 8 // size)), runs=3)
             for size in SIZES]
    tell("size", SIZES, costs, "us a message", "an octet")
    costs = [field.median_cost(daemon, [field.mails.make(2, signatures=n)], 2000, runs=3) for n in SIGNATURES]
    tell("signatures", SIGNATURES, costs, "us a message", "each")
    costs, floor, memory = many_sessions(field, daemon)
    tell("sessions", SESSIONS, costs, "us a message", "each")
    tell("", SESSIONS, floor, "us, do-nothing", "each")
    tell("", SESSIONS, memory, "KB of memory", "each")
    costs, memory = many_domains(field, daemon)
    tell("domains", DOMAINS, costs, "us a message", "each")
    tell("", DOMAINS, memory, "KB of memory", "each")
