"""Signs test messages with Debian's python3-dkim and throw-away keys: another
implementation than the ones that vidimus verifies with."""
import base64
import re
import subprocess

import dkim


class Key:
    """An RSA key and its DNS record."""

    def __init__(self, bits=2048):
        self.pem = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)], check=True,
                                  capture_output=True).stdout
        der = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=self.pem,
                             check=True, capture_output=True).stdout
        self.record = "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()

    def zone_strings(self):
        """The record as the strings of a TXT resource record."""
        return " ".join(f'"{part}"' for part in re.findall(".{1,250}", self.record))

    def sign(self, message, domain, selector, canon="relaxed/relaxed", **more):
        """MESSAGE with a DKIM-Signature on top."""
        header, body = canon.encode().split(b"/")
        field = dkim.sign(message, selector.encode(), domain.encode(), self.pem,
                          canonicalize=(header, body), **more)
        return field + message

    def verifies(self, message, domain, selector):
        """Whether MESSAGE (line ends as a file has them) verifies with this key."""
        crlf = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return dkim.verify(crlf, dnsfunc=lambda name, timeout=5: self.record.encode())
