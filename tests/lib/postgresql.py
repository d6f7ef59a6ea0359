"""A private PostgreSQL: its own cluster in a directory of the test, on a loopback
port, without a password.  Runs as the user postgres, because it refuses to be root."""
import glob
import os
import pathlib
import shlex
import shutil
import subprocess

from parts import answers, free_port, wait_for


def bin_directory():
    """Where Debian keeps the server's programs, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    return pathlib.Path(found[-1]) if found else None


class PostgreSQL:
    """base: a directory that everybody may enter.  uri() names a database.  access: what
    stands in pg_hba.conf; by default everybody is whoever he says.  settings: more of
    postgresql.conf."""

    def __init__(self, base, superuser="vidimus", access=None, settings=()):
        self.bin = bin_directory()
        self.place = pathlib.Path(base) / "postgresql"
        self.port = free_port()
        self.superuser, self.settings = superuser, settings
        self.place.mkdir()
        self.place.chmod(0o700)
        if os.getuid() == 0:
            shutil.chown(self.place, "postgres", "postgres")
        self.run("initdb", "-D", self.place / "data", "-U", superuser, "-A", "trust", "--no-sync", "-E", "UTF8",
                 "--locale=C.UTF-8")
        if access:
            (self.place / "data/pg_hba.conf").write_text(access)
        self.start()

    def start(self):
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.place} -c fsync=off"
        settings += "".join(f" -c {setting}" for setting in self.settings)
        self.run("pg_ctl", "-D", self.place / "data", "-l", self.place / "log", "-o", settings, "-w", "start")
        wait_for("PostgreSQL", lambda: answers(self.port))

    def run(self, program, *args):
        words = [str(self.bin / program), *map(str, args)]
        if os.getuid() == 0:
            words = ["runuser", "-u", "postgres", "--", *words]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120)

    def type(self, line, answers=""):
        """LINE as the administrator types it on this host; what he answers to its questions."""
        environment = dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}", PGHOST=str(self.place),
                           PGPORT=str(self.port), PGUSER=self.superuser)
        words = shlex.split(line)
        if os.getuid() == 0:
            words = ["runuser", "-u", "postgres", "--", *words]
        return subprocess.run(words, env=environment, input=answers, capture_output=True, text=True, cwd="/",
                              timeout=120, start_new_session=True, check=False)

    def create(self, name):
        """Makes a database; its URI."""
        self.run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "vidimus", name)
        return self.uri(name)

    def psql(self, name, statements):
        """A psql that runs STATEMENTS in the database NAME."""
        return subprocess.Popen([self.bin / "psql", "-XAtq", "-c", statements, self.uri(name)], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def uri(self, name):
        return f"postgresql://vidimus@127.0.0.1:{self.port}/{name}"

    def stop(self):
        self.run("pg_ctl", "-D", self.place / "data", "-m", "immediate", "stop")
