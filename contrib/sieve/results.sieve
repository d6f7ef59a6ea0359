# For a host where vidimusd only looks on (dmarc { enforce = "none" }): what fails
# DMARC goes into Junk.  Put your authserv-id for mx.example.org: vidimusd deletes what
# claims that name from all mail that comes in, so only it can have written the field.
require ["fileinto"];

if header :matches "Authentication-Results" "mx.example.org;*dmarc=fail*" {
    fileinto "Junk";
    stop;
}
