"""Where Postfix 3.7 and Sendmail 8.17 make something else of the same input: all that
the scenarios expect differently of them, each with its reason."""
from collections import namedtuple

Either = namedtuple("Either", "postfix sendmail")

# The queue id in the reply to a message.
QUEUED = Either(r"queued as (\S+)", r"2\.0\.0 (\S+) Message accepted")

# --- what clients elsewhere leave out

# Sendmail adds From when the milters are done, from MAIL FROM: what we judged had none.
LATE_FROM = Either([], ["x@attack.example"])
# Of this host's own mail: so there is no author to sign for.
SIGNED_WITHOUT_FROM = Either(1, 0)

# --- octets, as (code of the reply, words of our field)

# Sendmail 8.17 refuses line ends that are none, and hangs up; Postfix makes a blank of
# a bare CR, and a line end of a bare LF and of CR CR LF.
BARE_CR = Either((250, "dkim=fail"), (421, ""))
BARE_LF = Either((250, "dkim=pass"), (421, ""))
CR_CR_LF = Either((250, "dkim=pass"), (421, ""))
# What follows a NUL within a field is cut off by Postfix; Sendmail takes out the NUL alone.
AFTER_NUL = Either(["one"], ["onetwo"])
# So a name with one is no field to Postfix, and ends the header.
NUL_IN_NAME = Either((550, ""), (250, "dmarc=pass"))
# Postfix takes it away before the milters, Sendmail after them.
DROPPED_FIELD = Either((250, "dkim=fail"), (250, "dkim=pass"))
# Postfix renames the mbox line, Sendmail drops it.
MBOX_LINE = Either(["ceo@good.example"], [])

# --- sizes

# Sendmail takes 32,768 octets of header (MaxHeadersLength).
HEADER_ROOM = Either(180000, 28000)
LARGE_FIELD = Either((250, "dmarc=pass"), (552, ""))

# --- MAIL FROM: the code of a refusal, or words of our field

CR_INSIDE = Either(501, "spf=")
BLANK_INSIDE = Either(501, "spf=")
COMMENT_BEFORE = Either("spf=", 553)
COMMENT_BEHIND = Either("spf=", 553)
TWO_AT = Either("spf=", 553)
# Octets that Sendmail marks its own words with.
HIGH_CONTROL = Either("spf=pass", 501)
WIDE_DOMAIN = Either(501, "spf=")

# Debian's Sendmail is built without USE_EAI.
SMTPUTF8 = Either(True, False)
