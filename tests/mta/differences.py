"""Where Postfix 3.7 and Sendmail 8.17 make something else of the same input: all that
the scenarios expect differently of them, each with its reason."""
from collections import namedtuple

Either = namedtuple("Either", "postfix sendmail")

# How the reply to a message tells its queue id.
QUEUED = Either(r"queued as (\S+)", r"2\.0\.0 (\S+) Message accepted")

# --- no From field

# Sendmail adds one when the milters are done, from MAIL FROM: what we judged had none.
LATE_FROM = Either([], ["x@attack.example"])
# Of this host's own mail too: so there is no author to sign for.
SIGNED_WITHOUT_FROM = Either(1, 0)

# --- octets: the reply, and words of our field

# Sendmail refuses line ends that are none, and hangs up; Postfix makes a blank of a
# bare CR, and a line end of a bare LF and of CR CR LF.
BARE_CR = Either((250, "dkim=fail"), (421, ""))
BARE_LF = Either((250, "dkim=pass"), (421, ""))
CR_CR_LF = Either((250, "dkim=pass"), (421, ""))
# Postfix cuts a field off at NUL; Sendmail takes out the NUL alone.
AFTER_NUL = Either(["one"], ["onetwo"])
# So a name with NUL is none to Postfix, and the header ends there, before From.
NUL_IN_NAME = Either((550, ""), (250, "dmarc=pass"))
# Postfix takes some fields away before the milters see them, Sendmail none.
DROPPED_FIELD = Either((250, "dkim=fail"), (250, "dkim=pass"))

# --- sizes

# Postfix cuts a field at some 60 kB.  Sendmail hands it on in one piece, of at most 64 kB:
# with more the filter has failed (F=).
LARGE_FIELD = Either((250, "dmarc=pass"), (451, ""))
# Postfix makes body of what does not fit; Sendmail has MaxHeadersLength.
LARGE_HEADER = Either((250, "dmarc=pass"), (552, ""))

# --- MAIL FROM: the code of a refusal, or words of our field

MALFORMED = 'spf=none reason="malformed MAIL FROM"'
# Sendmail hands it on as it is.
CR_INSIDE = Either(501, MALFORMED)
# Sendmail writes a dot in its place; where the domain begins is in no doubt.
BLANK_INSIDE = Either(501, "spf=pass smtp.mailfrom=good.example")
# Postfix hands on what it does not read as we do: {mail_addr} is empty, or another address.
COMMENT = Either(MALFORMED, 553)
TWO_AT = Either(MALFORMED, 553)
# Octets 0x80 to 0x9f are what Sendmail marks its own words with.
HIGH_CONTROL = Either("spf=pass smtp.mailfrom=good.example", 501)
# Without SMTPUTF8.
WIDE_DOMAIN = Either(501, "spf=pass smtp.mailfrom=xn--bcher-kva.example")

# Debian's Sendmail is built without USE_EAI.
SMTPUTF8 = Either(True, False)

# --- EHLO: whether the name is refused; then there was none

REFUSED_NAME = Either(False, True)
