"""How messages are bent after they were signed.  Each bend has a name, which
becomes a fact of the case; whether the signature still holds is for the octets
to say that it was made over."""
import re


def own(field):
    return field.lower().startswith(b"dkim-signature")


def some_field(maker, fields):
    return maker.rng.choice([i for i, f in enumerate(fields) if not own(f)])


def change_field(edit):
    def bend(maker, fields, body):
        i = some_field(maker, fields)
        return fields[:i] + [edit(maker, fields[i])] + fields[i + 1:], body
    return bend


def remove_field(maker, fields, body):
    i = some_field(maker, fields)
    return fields[:i] + fields[i + 1:], body


def add_field(*lines):
    def bend(maker, fields, body):
        i = maker.pick(0, 0, len(fields), maker.rng.randrange(len(fields) + 1))
        return fields[:i] + [maker.rng.choice(lines)] + fields[i:], body
    return bend


def repeat_field(maker, fields, body):
    i = some_field(maker, fields)
    at_end = maker.pick(0, len(fields))
    return fields[:at_end] + [fields[i]] + fields[at_end:], body


def swap_fields(maker, fields, body):
    i, j = maker.rng.sample(range(len(fields)), 2)
    fields = list(fields)
    fields[i], fields[j] = fields[j], fields[i]
    return fields, body


def value_part(edit):
    """EDIT on what follows the colon, without the last CRLF."""
    def change(maker, field):
        name, value = field[:-2].split(b":", 1)
        return name + b":" + edit(value) + b"\r\n"
    return change_field(change)


def name_part(edit):
    return change_field(lambda m, f: edit(f.split(b":")[0]) + b":" + f.split(b":", 1)[1])


def change_body(edit):
    return lambda maker, fields, body: (fields, edit(maker, body))


def change_octet(maker, body):
    if not body:
        return b"x"
    i = maker.rng.randrange(len(body))
    return body[:i] + maker.pick(b"", b"X", b" ", b"\r\n", body[i:i + 1] * 2) + body[i + 1:]


BENDS = {
    "field changed": value_part(lambda v: v + b"x"),
    "field in other case": value_part(bytes.swapcase),
    "field refolded": value_part(lambda v: re.sub(rb"(?<!\n) ", b"\r\n ", v, count=1)),
    "field unfolded": value_part(lambda v: v.replace(b"\r\n", b"")),
    "field with more blanks": value_part(lambda v: b" " + v.replace(b" ", b" \t") + b" "),
    "field trimmed": value_part(bytes.strip),
    "name in other case": name_part(bytes.swapcase),
    "blank before a colon": name_part(lambda n: n + b" "),
    "field removed": remove_field, "field repeated": repeat_field, "fields swapped": swap_fields,
    "second From": add_field(b"From: evil@example.net\r\n"),
    "second Subject": add_field(b"Subject: other\r\n"),
    "second To": add_field(b"To: c@example.net\r\n"),
    "field added": add_field(b"Received: by mx.example.net; now\r\n", b"X-New: 1\r\n",
                             b"Cc: c@example.net\r\n"),
    "text appended": change_body(lambda m, b: b + b"appended\r\n"),
    "blank lines appended": change_body(lambda m, b: b + b"\r\n" * m.pick(1, 2, 50)),
    "lines of blanks appended": change_body(lambda m, b: b + m.pick(b" \r\n", b"\t\r\n\r\n", b" ")),
    "last line end cut": change_body(lambda m, b: b[:-2] if b.endswith(b"\r\n") else b + b"\r\n"),
    "blanks at line ends": change_body(lambda m, b: b.replace(b"\r\n", b" \r\n")),
    "blanks to tabs": change_body(lambda m, b: b.replace(b" ", b"\t")),
    "blanks squeezed": change_body(lambda m, b: re.sub(rb"[ \t]+", b" ", b)),
    "octet changed": change_body(change_octet),
    "bare CR added": change_body(
        lambda m, b: m.pick(b"\r" + b, b.replace(b"\r\n", b"\r\r\n", 1), b + b"\r")),
    "body removed": change_body(lambda m, b: b""),
    "body in other case": change_body(lambda m, b: b.swapcase()),
}


def make(maker, turn):
    """The case of TURN: each bend has its turns."""
    name = list(BENDS)[turn % len(BENDS)]
    maker.facts.add(name)
    if name == "body removed":
        maker.limit_share = 0.5
    fields, body = BENDS[name](maker, maker.signed_message(), maker.text_body)
    body = re.sub(rb"(?<!\r)\n", b"\r\n", body)  # what vidimus makes of a line feed
    signature = next(f for f in fields if own(f))
    truth = maker.truth_of(signature, [f for f in fields if not own(f)], body)
    return maker.finish(fields, body, [truth])
