"""1,000 sessions at once with DNS of 20 ms: each sends a message every four seconds,
ten on each connection, from 1,000 domains whose records live a second.  Then with one
domain in ten that answers after five seconds."""
import threading
import time

SESSIONS, DOMAINS, BETWEEN_MS, PER_CONNECTION = 1000, 1000, 4000, 10
FEW = 8
SHORT, LONG = 40, 600


class Watch:
    """Samples a process once a second while the load runs."""

    def __init__(self, contestant):
        self.contestant, self.samples, self.ended = contestant, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(1):
            self.samples.append((self.contestant.status("VmRSS"), self.contestant.status("Threads")))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def memory(self):
        """Most, at half time, and at the end, in MB; and most threads."""
        rss = [s[0] / 1024 for s in self.samples] or [0]
        return max(rss), rss[len(rss) // 2], rss[-1], max((s[1] for s in self.samples), default=0)


def run(field, contestant, files, sessions, seconds):
    with Watch(contestant) as watch:
        began, cpu = time.monotonic(), contestant.cpu_seconds()
        found = field.load(contestant, files, connections=sessions, messages=seconds * 1000 // BETWEEN_MS * sessions,
                           per_connection=PER_CONNECTION, between=BETWEEN_MS)
        found["busy"] = (contestant.cpu_seconds() - cpu) / (time.monotonic() - began)
    found["memory"] = watch.memory()
    return found


def tell(title, found, these=None):
    these = these or found
    most, half, end, threads = found["memory"]
    print(f"{title:34}{these['messages']:9}{found['errors']:8}{these['p50']:9.1f}{these['p90']:9.1f}{these['p99']:9.1f}"
          f"{these['max']:9.1f}{most:9.1f}{half:9.1f}{end:9.1f}{threads:9}{found['busy']:7.2f}", flush=True)


def files_of(field, slow):
    """Every tenth of a slow domain, or none."""
    return [field.mails.make(300000 + i, slow=slow and i % 10 == 0, mark="slow" if slow and i % 10 == 0 else "quick")
            for i in range(DOMAINS)]


def table(field):
    seconds = LONG if field.settings.long else SHORT
    field.dns.restart(ttl=1, delay=20, log=False)
    daemon = field.fresh("vidimusd")
    idle = daemon.status("VmRSS") / 1024
    print(f"{'':34}{'messages':>9}{'errors':>8}{'p50 ms':>9}{'p90':>9}{'p99':>9}{'max':>9}"
          f"{'MB most':>9}{'half':>9}{'end':>9}{'threads':>9}{'CPUs':>7}")
    files = files_of(field, False)
    few = run(field, daemon, files, FEW, 30)
    tell(f"{FEW} sessions", few)
    many = run(field, daemon, files, SESSIONS, seconds)
    tell(f"{SESSIONS} sessions", many)
    mixed = run(field, daemon, files_of(field, True), SESSIONS, seconds)
    tell("1 slow domain in 10: the others", mixed, mixed["class"]["quick"])
    tell("1 slow domain in 10: its own", mixed, mixed["class"]["slow"])
    print(f"p99 of {SESSIONS} / p50 of {FEW}: {many['p99'] / few['p50']:.2f} (3 at most); "
          f"the others' p99 with slow ones / without: {mixed['class']['quick']['p99'] / many['p99']:.2f} (1.2 at most)")
    most = max(many["memory"][0], mixed["memory"][0])
    print(f"memory: {idle:.1f} MB idle, {most - idle:.1f} MB more at most (64 at most), "
          f"{many['memory'][2] - many['memory'][1]:+.1f} MB in the second half")
    field.dns.restart()
