"""How a folder of tests/cases is judged: the command line of `vidimus check`."""
import shlex

from parts import TOP, VIDIMUS

CASES = TOP / "tests" / "cases"
DEFAULTS = ["--authserv-id", "mx.example.net", "--now", "1760000000"]


def names():
    return sorted(p.parent.name for p in CASES.glob("*/expect.json"))


def config(folder):
    """The configuration of FOLDER; no file of it: the defaults."""
    path = folder / "conf"
    return path if path.exists() else "/dev/null"


def command(folder, shape, conf=None):
    """SHAPE is the output option; CONF replaces the folder's configuration."""
    args = (folder / "args").read_bytes().decode("utf-8", "surrogateescape")
    return [VIDIMUS, "check", "-c", str(conf or config(folder)), shape,
            "--zone", str(folder / "zone"), *DEFAULTS,
            *shlex.split(args), str(folder / "msg.eml")]
