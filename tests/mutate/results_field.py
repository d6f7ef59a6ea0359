"""Reads an Authentication-Results body by the grammar of RFC 8601 §2.2, which is all that
vidimus may write: shares nothing with what it reads with."""
import re

TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*)"')
PVALUE = re.compile(r"(?:[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]*@)?[A-Za-z0-9_.\-]+(?=[\s;]|\Z)")
KEYWORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?")
COMMENT_OR_BLANK = re.compile(r"[ \t\n]+")


class Unreadable(Exception):
    pass


class Reader:
    def __init__(self, text):
        self.text, self.at = text, 0

    def done(self):
        return self.at == len(self.text)

    def take(self, pattern):
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def comment(self):
        depth = 0
        while not self.done():
            octet = self.text[self.at]
            self.at += 2 if octet == "\\" else 1
            depth += {"(": 1, ")": -1}.get(octet, 0)
            if depth == 0:
                return
        raise Unreadable("a comment is not closed")

    def blanks(self):
        """[CFWS]"""
        while not self.done():
            if self.text[self.at] == "(":
                self.comment()
            elif not self.take(COMMENT_OR_BLANK):
                return

    def word(self, literal):
        self.blanks()
        if not self.text.startswith(literal, self.at):
            raise Unreadable(f"no {literal!r} at {self.text[self.at:self.at + 40]!r}")
        self.at += len(literal)

    def value(self):
        self.blanks()
        quoted = self.take(QUOTED)
        if quoted:
            return re.sub(r"\\(.)", r"\1", quoted[1])
        token = self.take(TOKEN)
        if not token:
            raise Unreadable(f"no value at {self.text[self.at:self.at + 40]!r}")
        return token[0]

    def keyword(self):
        self.blanks()
        match = self.take(KEYWORD)
        if not match:
            raise Unreadable(f"no keyword at {self.text[self.at:self.at + 40]!r}")
        return match[0]

    def pvalue(self):
        self.blanks()
        match = self.take(PVALUE)
        return match[0] if match else self.value()


def propspec(reader, result):
    name = reader.keyword()
    if name == "reason" and not reader.text.startswith(".", reader.at):
        reader.word("=")
        result["reason"] = reader.value()
        return
    reader.word(".")
    name += "." + reader.keyword()
    reader.word("=")
    if name in result["properties"]:
        raise Unreadable(f"{name} stands twice in a result")
    result["properties"][name] = reader.pvalue()


def resinfo(reader):
    result = {"method": reader.keyword(), "reason": None, "properties": {}}
    reader.word("=")
    result["result"] = reader.keyword()
    reader.blanks()
    while not reader.done() and reader.text[reader.at] != ";":
        propspec(reader, result)
        reader.blanks()
    return result


def authserv_id(text):
    """The id that a body begins with, in lower case; None when it begins otherwise."""
    reader = Reader(text)
    try:
        name = reader.value()
        reader.blanks()
    except Unreadable:
        return None
    rest = text[reader.at:reader.at + 1]
    return name.lower() if rest in ("", ";") or rest.isdigit() else None


def read(text):
    """The authserv-id and the results of a body."""
    reader = Reader(text)
    name = reader.value()
    results = []
    while True:
        reader.blanks()
        if reader.done():
            return name, results
        reader.word(";")
        reader.blanks()
        if not results and reader.text[reader.at:].strip() == "none":
            return name, []
        results.append(resinfo(reader))
