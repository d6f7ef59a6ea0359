# What vidimus tagged (dmarc { quarantine = "tag" }) goes into Junk.  The field is
# quarantine-header of vidimus.conf(5); vidimusd deletes the same field from what
# arrives, so only it can have set it.
require ["fileinto"];

if header :is "X-Spam-Flag" "YES" {
    fileinto "Junk";
    stop;
}
