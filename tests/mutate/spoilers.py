"""Wrong answers, made of right ones: each has to be noticed, or the test proves nothing.
A spoiler changes ANSWER and tells whether there was something to be spoilt; MUTANT is what it answers."""
from mutant import named


def own_fields(answer):
    return [step for step in answer["plan"]
            if step["action"] == "insert" and step["name"] == "Authentication-Results"]


def a_control_octet(answer, _):
    answer["verdict"]["reason"] += "\x1b"
    return True


def a_line_of_its_own(answer, _):
    for step in own_fields(answer):
        step["value"] += "\nX-Injected: yes"
    return bool(own_fields(answer))


def another_result_in_the_field(answer, _):
    fields = [step for step in own_fields(answer) if "spf=" in step["value"]]
    for step in fields:
        step["value"] = step["value"].replace("spf=", "spf=x", 1)
    return bool(fields)


def a_result_too_few(answer, _):
    spoilt = bool(own_fields(answer)) and len(answer["results"]) > 0
    if spoilt:
        del answer["results"][-1]
    return spoilt


def a_forgery_that_stays(answer, mutant):
    values = named(mutant.fields, b"Authentication-Results")
    deletions = [step for step in answer["plan"] if step["action"] == "delete" and
                 step["name"].lower() == "authentication-results" and
                 values[step["index"] - 1] in mutant.forged]
    for step in deletions[:1]:
        answer["plan"].remove(step)
    return bool(deletions)


def a_pass_of_nobody(answer, _):
    dmarc = answer["dmarc"]
    if not dmarc or dmarc["result"] == "pass":
        return False
    dmarc.update(result="pass", from_domain=dmarc["from_domain"] or "example.org",
                 aligned={"spf": None, "dkim": "nobody.example"})
    return True


def a_pass_of_somebody_else(answer, _):
    dmarc = answer["dmarc"]
    if not dmarc or dmarc["result"] != "pass":
        return False
    for result in answer["results"]:
        for name, value in result["properties"].items():
            if name in ("header.d", "smtp.mailfrom", "smtp.helo"):
                result["properties"][name] = "x" + value
    return True


SPOILERS = [a_control_octet, a_line_of_its_own, another_result_in_the_field, a_result_too_few,
            a_forgery_that_stays, a_pass_of_nobody, a_pass_of_somebody_else]
