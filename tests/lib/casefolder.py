"""How a folder of tests/cases is judged: the command line of `vidimus check`."""
import atexit
import functools
import pathlib
import shlex
import shutil
import tempfile

from parts import TOP, VIDIMUS

CASES = TOP / "tests" / "cases"
DEFAULTS = ["--authserv-id", "mx.example.net", "--now", "1760000000"]
KEYS = "@KEYS@"  # in a configuration: the folder of the keys


def names():
    return sorted(p.parent.name for p in CASES.glob("*/expect.json"))


@functools.cache
def private_keys():
    """A folder with the keys of tests/cases that nobody else can read: in a checkout
    everybody can, and no key that is signed with may be like that."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="vidimus-test-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    for key in (CASES / "keys").glob("*.pem"):
        copy = place / key.name
        copy.touch(0o600)
        copy.write_bytes(key.read_bytes())
    return place


def config(folder):
    """The configuration of FOLDER; no file of it: the defaults."""
    path = folder / "conf"
    if not path.exists():
        return "/dev/null"
    text = path.read_text()
    if KEYS not in text:
        return path
    place = private_keys()
    own = place / f"{folder.name}.conf"
    own.write_text(text.replace(KEYS, str(place)))
    return own


def command(folder, shape, conf=None):
    """SHAPE is the output option; CONF replaces the folder's configuration."""
    args = (folder / "args").read_bytes().decode("utf-8", "surrogateescape")
    return [VIDIMUS, "check", "-c", str(conf or config(folder)), shape,
            "--zone", str(folder / "zone"), *DEFAULTS,
            *shlex.split(args), str(folder / "msg.eml")]
