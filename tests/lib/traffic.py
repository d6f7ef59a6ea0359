"""Mail from several threads that counts what the MTA saw: nothing may be lost.

    with Traffic(daemon.listen, 8) as traffic:
        ...                                     # break something
    traffic.lost                                # ends without a verdict

A message counts as ended when its end was sent; then its verdict has to come.  What
fails before that the MTA keeps and tries again: no connection, or one that is closed.
"""
import random
import threading
import time

from milterclient import Gone, MilterClient, plain_fields

GOOD_IP, BAD_IP = "192.0.2.1", "203.0.113.66"


def hostile_fields(random_source):
    """A header that means no good, of the author attack.example."""
    octets = bytes(random_source.choice(b"<>@\"\\(),;:= \tab\xff") for _ in range(random_source.randrange(200)))
    name = random_source.choice(("DKIM-Signature", "ARC-Seal", "Authentication-Results", "List-Id", "To"))
    return plain_fields("x@attack.example", before=[(name, b" " + octets)] * random_source.randrange(1, 30))


def is_pass(verdict):
    return verdict.action == "continue" and any("dmarc=pass" in f for f in verdict.inserted("Authentication-Results"))


def is_refused(verdict):
    return verdict.text.startswith("550 5.7.26 ")


def has_verdict(verdict):
    return verdict.action in ("continue", "reply")


class Kind:
    """One kind of mail: a client, what it sends, and what is right."""

    def __init__(self, ip, sender, fields, is_right, body="Hello.\r\n"):
        self.ip, self.sender, self.fields, self.is_right, self.body = ip, sender, fields, is_right, body


KINDS = {
    "good": Kind(GOOD_IP, "<a@asks.example>", lambda _: plain_fields("a@asks.example"), is_pass),
    "spoofed": Kind(BAD_IP, "<x@attack.example>", lambda _: plain_fields("ceo@asks.example"), is_refused),
    "hostile": Kind(BAD_IP, "<x@attack.example>", hostile_fields, has_verdict),
    "large": Kind(GOOD_IP, "<a@asks.example>", lambda _: plain_fields("a@asks.example"), is_pass,
                  "a line of a large body, again and again\r\n" * 25000),
}


class Traffic:
    """THREADS that send mail of KINDS, in turn, until the end; each message on a
    connection of its own, or up to 5 on one."""

    def __init__(self, listen, threads, kinds=("good", "spoofed"), pause=0, seed=1):
        self.listen, self.kinds, self.pause = listen, kinds, pause
        self.lock = threading.Lock()
        self.end = False
        self.ended = self.judged = self.put_off = 0
        self.wrong = []
        self.waits = []
        self.last_good = 0.0
        self.threads = [threading.Thread(target=self.work, args=(seed + i,)) for i in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end = True
        for thread in self.threads:
            thread.join()

    @property
    def lost(self):
        return self.ended - self.judged

    def count(self, **more):
        with self.lock:
            for name, by in more.items():
                setattr(self, name, getattr(self, name) + by)

    def one(self, mta, kind, chance):
        mta.mail(kind.sender), mta.rcpt(), mta.data()
        for name, value in kind.fields(chance):
            mta.header(name, value)
        mta.eoh()
        mta.body(kind.body)
        mta.macros("E", i="4Tz0aQ1xyz")
        mta.send("E")
        self.count(ended=1)
        began = time.monotonic()
        verdict = mta.verdict()
        now = time.monotonic()
        with self.lock:
            self.judged += 1
            self.waits.append(now - began)
            if not kind.is_right(verdict):
                self.wrong.append(repr(verdict)[:300])
            else:
                self.last_good = now

    def session(self, chance):
        kind = KINDS[chance.choice(self.kinds)]
        mta = MilterClient(self.listen, timeout=120)
        try:
            mta.negotiate()
            mta.connect(kind.ip)
            mta.helo("mx.good.example")
            for _ in range(chance.randrange(1, 6)):
                self.one(mta, kind, chance)
                if self.pause:
                    time.sleep(self.pause)
                if self.end:
                    break
            mta.quit()
        finally:
            mta.close()

    def work(self, seed):
        chance = random.Random(seed)
        while not self.end:
            try:
                self.session(chance)
            except (OSError, Gone):
                self.count(put_off=1)
                time.sleep(0.01)
