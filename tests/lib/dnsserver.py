#!/usr/bin/python3
"""A real DNS server on loopback for tests, over the zone files of `--zone`.

    /usr/bin/python3 tests/lib/dnsserver.py --zone FILE [--port N] [--address A]
                                            [--delay MS] [--log FILE] [--until-eof]
                                            [--negative-ttl S]

UDP and TCP on one port; with port 0 a free one.  Once it serves, it prints
the port number and a newline on stdout.  It ends with TERM or INT; with
--until-eof also when its stdin is closed, so that it cannot outlive a test
that gave it a pipe.

The zone file has the form that vidimus reads: master-file records, $ORIGIN,
$TTL, and `$FAULT NAME TYPE timeout|servfail`, NAME a glob, TYPE maybe `*` or
ANY; a timeout is no answer at all.  SIGHUP reads the file again.  Names that
are not there are NXDOMAIN, names above a record exist, wildcards are expanded
and CNAMEs followed.  What is not there may be kept for S seconds (2).  --log
writes one line "NAME TYPE udp|tcp" a question.

Needs dnspython (Debian: python3-dnspython).
"""
import argparse
import fnmatch
import os
import re
import select
import signal
import socket
import socketserver
import struct
import sys
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

UDP_MAX = 1232
CNAMES_MAX = 8
QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
OCTET = re.compile(r'\\\d{3}|\\.|[^\\]', re.S)


def split_long_strings(text):
    """A character-string holds 255 octets; longer ones are split."""
    def split(match):
        octets = OCTET.findall(match.group(1))
        pieces = [octets[i:i + 255] for i in range(0, len(octets), 255)] or [[]]
        return " ".join('"%s"' % "".join(piece) for piece in pieces)
    return QUOTED.sub(split, text)


def escape_octets(data):
    """8-bit octets as \\DDD, which dnspython keeps as they are."""
    return "".join(chr(o) if o < 128 else "\\%03d" % o for o in data)


class Fault:
    def __init__(self, glob, kind, what, origin):
        if glob == "@":
            glob = origin.to_text()
        elif not glob.endswith(".") and origin != dns.name.root:
            glob += "." + origin.to_text()
        self.pattern = re.compile(fnmatch.translate(glob.rstrip(".").lower().replace("[", "[[]")))
        self.type = None if kind in ("*", "ANY") else dns.rdatatype.from_text(kind)
        if what not in ("timeout", "servfail"):
            raise ValueError("$FAULT: %s?" % what)
        self.what = what

    def matches(self, name, rdtype):
        text = name.to_text(omit_final_dot=True).lower()
        return self.type in (None, rdtype) and self.pattern.match(text)


class Zone:
    """All of DNS, as far as the file knows it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            text = escape_octets(file.read())
        self.faults = []
        records = self.take_faults(text)
        self.zone = dns.zone.from_text("$TTL 300\n" + split_long_strings(records), origin=".",
                                       relativize=False, check_origin=False)
        self.names = set()
        for name in self.zone.nodes:
            while name not in self.names:
                self.names.add(name)
                if name == dns.name.root:
                    break
                name = name.parent()

    def take_faults(self, text):
        origin, kept = dns.name.root, []
        for line in text.split("\n"):
            words = line.split(";")[0].split()
            if words and words[0].upper() == "$FAULT":
                self.faults.append(Fault(words[1], words[2].upper(), words[3].lower(), origin))
                line = ""
            elif words and words[0].upper() == "$ORIGIN":
                origin = dns.name.from_text(words[1], origin)
            kept.append(line)
        return "\n".join(kept)

    def fault(self, name, rdtype):
        return next((f.what for f in self.faults if f.matches(name, rdtype)), None)

    def node(self, name):
        """The node that answers for NAME: None, or maybe an empty one."""
        if name in self.names:
            return self.zone.nodes.get(name, ())
        above = name
        while above not in self.names:
            above = above.parent()
        return self.zone.nodes.get(dns.name.Name((b"*",) + above.labels))


def answer_question(zone, query, negative_ttl):
    """The response, or None for silence."""
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= dns.flags.AA
    question = query.question[0]
    name, rdtype = question.name, question.rdtype
    for _ in range(CNAMES_MAX + 1):
        fault = zone.fault(name, rdtype)
        if fault == "timeout":
            return None
        if fault:
            response.answer = []
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        node = zone.node(name)
        if node is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            break
        found = {r.rdtype: r for r in node}
        records = found.get(rdtype) or found.get(dns.rdatatype.CNAME)
        if records is None:
            break
        response.answer.append(dns.rrset.from_rdata_list(name, records.ttl, list(records)))
        if records.rdtype == rdtype:
            return response
        name = records[0].target
    else:
        response.answer = []
        response.set_rcode(dns.rcode.SERVFAIL)
        return response
    soa = "ns.invalid. hostmaster.invalid. 1 3600 600 86400 %d" % negative_ttl
    response.authority.append(dns.rrset.from_text(dns.name.root, negative_ttl, "IN", "SOA", soa))
    return response


class Server:
    def __init__(self, options):
        self.options = options
        self.zone = Zone(options.zone)
        self.log = open(options.log, "a", buffering=1) if options.log else None

    def reload(self, *_):
        self.zone = Zone(self.options.zone)

    def respond(self, wire, transport):
        """The octets to send, or None."""
        try:
            query = dns.message.from_wire(wire)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return None
        if self.log:
            self.log.write("%s %s %s\n" % (question.name.to_text(omit_final_dot=True),
                                           dns.rdatatype.to_text(question.rdtype), transport))
        if self.options.delay:
            time.sleep(self.options.delay / 1000)
        response = answer_question(self.zone, query, self.options.negative_ttl)
        if response is None:
            return None
        if transport == "tcp":
            return response.to_wire(max_size=65535)
        limit = min(UDP_MAX, query.payload if query.edns >= 0 else 512)
        try:
            return response.to_wire(max_size=max(limit, 512))
        except dns.exception.TooBig:
            short = dns.message.make_response(query, recursion_available=True)
            short.flags |= dns.flags.TC
            return short.to_wire()


class UdpHandler(socketserver.BaseRequestHandler):
    def handle(self):
        wire, sock = self.request
        response = self.server.dns.respond(wire, "udp")
        if response:
            sock.sendto(response, self.client_address)


class TcpHandler(socketserver.BaseRequestHandler):
    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.request.recv(size - len(data))
            if not piece:
                return None
            data += piece
        return data

    def handle(self):
        while True:
            head = self.read(2)
            wire = head and self.read(struct.unpack("!H", head)[0])
            if not wire:
                return
            response = self.server.dns.respond(wire, "tcp")
            if response:
                self.request.sendall(struct.pack("!H", len(response)) + response)


class UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 65535
    allow_reuse_address = False


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


def bind(options):
    """Both servers on one port."""
    for server in (UdpServer, TcpServer):
        server.address_family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
    for attempt in range(50):
        udp = UdpServer((options.address, options.port), UdpHandler)
        try:
            return udp, TcpServer((options.address, udp.server_address[1]), TcpHandler)
        except OSError:
            udp.server_close()
            if options.port or attempt == 49:
                raise
    return None


def wait_for_the_end(until_eof):
    while until_eof:
        readable, _, _ = select.select([0], [], [])
        if readable and not os.read(0, 1024):
            return
    while True:
        signal.pause()


def main():
    parser = argparse.ArgumentParser(description="DNS server for tests, on loopback")
    parser.add_argument("--zone", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--delay", type=int, default=0, metavar="MS")
    parser.add_argument("--log", metavar="FILE")
    parser.add_argument("--negative-ttl", type=int, default=2, metavar="S")
    parser.add_argument("--until-eof", action="store_true")
    options = parser.parse_args()

    server = Server(options)
    udp, tcp = bind(options)
    signal.signal(signal.SIGHUP, server.reload)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    for listener in (udp, tcp):
        listener.dns = server
        threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
    print(udp.server_address[1], flush=True)
    wait_for_the_end(options.until_eof)
    return 0


if __name__ == "__main__":
    sys.exit(main())
