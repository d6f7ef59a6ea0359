"""Reads what failing.c tells of the runs of a program."""
import dataclasses
import functools
import os
import re
import subprocess


HARNESS_FRAMES = 2  # malloc() and what notes the trace; what notes it, and the signal


@dataclasses.dataclass
class Run:
    """One run: the first has NUMBER 0 and nothing failed in it."""
    number: int
    status: int
    signal: int
    output: bytes
    errors: bytes
    frames: list  # OBJECT+OFFSET of those who wanted the memory
    crash: list   # and of the crash; innermost first


def parse(octets):
    """The runs, and how many allocations there are and how many of them failed."""
    runs, at = [], 0

    def line():
        nonlocal at
        end = octets.index(b"\n", at)
        text, at = octets[at:end].decode(), end + 1
        return text

    def piece(size):
        nonlocal at
        at += size
        return octets[at - size:at]

    while True:
        words = line().split()
        if words[0] == "total":
            return runs, int(words[1]), int(words[2])
        number, status, signal, output, errors, frames, crash = map(int, words)
        runs.append(Run(number, status, signal, piece(output), piece(errors),
                        [line() for _ in range(frames)], [line() for _ in range(crash)]))


PATHS_OCTETS = 16 << 19  # failing.c: as there


def new_paths(file):
    """Makes FILE, where runs note which callers have been refused memory."""
    with open(file, "wb") as made:
        made.truncate(PATHS_OCTETS)
    return file


def run(command, who, first, step, timeout, paths=""):
    """The runs of COMMAND with every STEPth allocation failing, from FIRST on; with PATHS
    ("TIMES FILE"), if its callers are not that often in FILE."""
    done = subprocess.run(["setarch", "-R", *command], capture_output=True, timeout=timeout,
                          env={**os.environ, "FAILING": f"{who} {first} {step} {paths}"},
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr[-2000:]}")
    return parse(done.stdout)


# --- who that was

def objects(frames):
    return [frame.rsplit("+", 1)[0] for frame in frames]


def foreign(frames, program):
    """The library calls at the inner end of FRAMES, and the frame of PROGRAM that made them."""
    inner = []
    for frame in frames:
        name = frame.rsplit("+", 1)[0]
        if name == program:
            return inner, frame
        inner.append(os.path.basename(name))
    return inner, None


def library(run, program):
    """The library that RUN crashed in, within the very call in which it was refused memory,
    or in a callback from there; None: it is PROGRAM's own fault."""
    wanting, caller = foreign(run.frames[HARNESS_FRAMES:], program)
    crashing, crash_caller = foreign(run.crash[HARNESS_FRAMES:], program)
    named = [name for name in wanting if not name.startswith("libc.so")]
    if wanting and crashing and caller == crash_caller:
        return (named or wanting)[0]
    outside = [name for name in objects(run.crash) if os.path.basename(name) in named]
    return os.path.basename(outside[0]) if outside else None


@functools.cache
def place(frame, program):
    """FUNCTION FILE:LINE of a frame."""
    name, offset = frame.rsplit("+", 1)
    if name != program:
        return os.path.basename(name)
    before = hex(int(offset, 16) - 1)  # of the call, not of what follows it
    told = subprocess.run(["addr2line", "-f", "-s", "-e", program, before], capture_output=True,
                          text=True, check=False).stdout.split("\n")
    return f"{told[0]} {told[1]}"


PLUMBING = re.compile(r"^(malloc|calloc|realloc|refuse|note|on_crash|add_block|carve|region_alloc|"
                      r"region_array|buf_\w+|reserve|text_dup) ")


def told(frames, program, depth=4):
    """The DEPTH innermost callers worth naming."""
    names = [place(frame, program) for frame in frames]
    return " < ".join([name for name in names if not PLUMBING.match(name)][:depth])
