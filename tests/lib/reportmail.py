"""The mails that aggregate reports go in (RFC 9990), taken apart."""
import collections
import email
import gzip
import xml.etree.ElementTree as xml

NAMESPACE = "{urn:ietf:params:xml:ns:dmarc-2.0}"
DAY = 86400


class Report:
    """A report mail taken apart."""

    def __init__(self, octets):
        self.mail = email.message_from_bytes(octets)
        attachment = next(p for p in self.mail.walk() if p.get_content_type() == "application/gzip")
        self.file_name = attachment.get_filename()
        self.document = gzip.decompress(attachment.get_payload(decode=True))
        self.root = xml.fromstring(self.document)
        self.domain = self.text("policy_published/domain")
        self.begin = int(self.text("report_metadata/date_range/begin"))

    def text(self, path, inside=None):
        return (inside if inside is not None else self.root).findtext(
            "/".join(NAMESPACE + step for step in path.split("/")))

    def counts(self):
        found = collections.Counter()
        for record in self.root.iter(NAMESPACE + "record"):
            found[self.domain, self.begin, self.text("row/source_ip", record),
                  self.text("row/policy_evaluated/disposition", record)] += int(self.text("row/count", record))
        return found
