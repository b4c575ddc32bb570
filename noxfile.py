"""What can be run: `nox -l` lists it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
# uv leaves compiling to the first process that imports, and where processes must not write, to each: to those that are timed, too.
os.environ.setdefault("UV_COMPILE_BYTECODE", "1")
# And what pytest makes of tests is kept for the processes and sessions that come after it: that takes half of collecting them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
nox.options.sessions = ["tests", "databases", "lint", "typing", "docs", "examples", "build", "fuzz"]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

# A process more than cores, since tests wait for disks and for other processes; who has none left takes tests from the others.
SPREAD = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal"]
SERVERS = {
    "postgresql": ["usr/lib/postgresql/*/bin/initdb"],
    "mariadb-server": ["usr/sbin/mariadbd", "usr/bin/mariadbd"],
    "sqlite3": ["usr/bin/sqlite3"],
    "chromium": ["usr/bin/chromium", "usr/bin/chromium-browser", "usr/bin/google-chrome"],
    "fonts-noto-cjk": ["usr/share/fonts/opentype/noto/NotoSansCJK*"],
}
"""What the databases session installs, and by what it is known to be there."""
FLOWS = [
    f"tests/flows/test_{name}.py"
    for name in ("queue", "held", "review", "override", "tags", "audiences", "consent", "feed")
]


def group(name: str) -> list[str]:
    """The requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


def compiled(session: nox.Session) -> None:
    """Compiles what is installed as it stands here: hundreds of processes that tests start would do it, each for itself."""
    session.run("python", "-m", "compileall", "-q", "src", silent=True)


@nox.session
def demo(session: nox.Session) -> None:
    """Load four made-up channel files and show what the library makes of them."""
    session.install(".[cli,report]")
    session.run("bankcif", "demo", "--out", "demo", *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on every installed Python."""
    session.install(
        "-e",
        ".[analytics,auth,bulk,cli,columns,files,migrate,mysql,postgresql,report,sso,telemetry,vault,verify]",
        *group("tests"),
    )
    compiled(session)
    session.run("pytest", *SPREAD, "-m", "not server and not spark and not browser", *session.posargs)


@nox.session
def databases(session: nox.Session) -> None:
    """Run on PostgreSQL, MariaDB, Spark and Chromium what needs them; fails if one cannot be had."""
    missing = [package for package, files in SERVERS.items() if not any(pathlib.Path("/").glob(one) for one in files)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        session.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, external=True, silent=True)
    session.install(
        "-e",
        ".[analytics,auth,bulk,cli,columns,files,migrate,mysql,postgresql,report,spark,sso,telemetry,vault,verify]",
        *group("tests"),
    )
    compiled(session)
    needed = ["--need-servers", *SPREAD, *session.posargs]
    session.run("pytest", "-m", "server or spark or browser", *needed, "--dist", "loadgroup")
    for name in ("postgresql", "mariadb"):  # and whole flows, as they run in memory
        session.run("pytest", "--on", name, *FLOWS, *needed)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests with every branch counted: 95 % at least. Counting takes half as long again."""
    session.install(
        "-e",
        ".[analytics,auth,bulk,cli,columns,files,migrate,mysql,postgresql,report,spark,sso,telemetry,vault,verify]",
        *group("tests"),
    )
    session.run("pytest", "-n", "auto", "--dist", "worksteal", "--cov", "--cov-report=term", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and form."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """Check types, strictly; the public API as its users call it, too."""
    session.install(
        "-e",
        ".[analytics,auth,bulk,cli,columns,files,migrate,mysql,postgresql,report,sso,telemetry,vault,verify]",
        *group("typing"),
        *group("tests"),
    )
    session.run("mypy")
    session.run("mypy", "tests/typing/api.py", "examples/quickstart.py", "bench/run.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; every warning is an error."""
    session.install(*group("docs"))
    session.run("mkdocs", "build", "--strict", "--quiet", "--site-dir", session.create_tmp())


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example."""
    session.install(".[analytics,bulk,cli,columns,report,spark,sso]", *group("examples"))
    session.run("python", "-W", "error", "examples/quickstart.py")
    for folder, script in (("service", "check"), ("form", "check"), ("nightly", "check"), ("analyst", "notebook")):
        with session.chdir(f"examples/{folder}"):
            session.run("python", "-W", "error", f"{script}.py")
    if shutil.which("java"):
        session.run("python", "examples/spark/job.py")
    else:
        session.warn("NOT RUN: examples/spark needs Java 17")


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel, install it into an empty environment, and run the quickstart against it."""
    out = pathlib.Path(session.create_tmp()) / "dist"
    shutil.rmtree(out, ignore_errors=True)
    session.install("build")
    session.run(
        "python", "-m", "build", "--installer", "uv" if shutil.which("uv") else "pip", "--outdir", str(out), silent=True
    )
    wheel = next(out.glob("*.whl"))
    session.install("--force-reinstall", f"{wheel}[cli,report]")
    with session.chdir(session.create_tmp()):
        session.run("python", "-W", "error", str(pathlib.Path(__file__).parent / "examples" / "quickstart.py"))
        session.run("bankcif", "demo", "--out", "built-demo", "--json", silent=True)
        shutil.rmtree("built-demo")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Drive every parser with arbitrary input; `-- SECONDS TARGET`, half a minute by default."""
    session.install(".[files]", *group("fuzz"))
    with session.chdir(session.create_tmp()):
        session.run("python", str(pathlib.Path(__file__).parent / "tools" / "fuzz.py"), *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure each path beside its floor; `-- link` beside Splink, `-- growth` among more and more customers, `-- --large` on millions."""
    session.install(".[analytics,bulk,cli,columns,files,migrate,mysql,postgresql]", *group("bench"))
    # What is measured beside ours needs packages that would slow ours down, and the other way round.
    rivals = pathlib.Path(session.create_tmp()) / "rivals"
    session.run("python", "-m", "venv", str(rivals))
    python = str(rivals / "bin" / "python")
    session.run(python, "-m", "pip", "install", "-q", *group("rivals"), external=True)
    session.run("python", "bench/run.py", "--rivals", python, *session.posargs)


@nox.session
def profile(session: nox.Session) -> None:
    """Show where the microseconds of each path go: a table and flame graphs in bench/out."""
    session.install(".[cli,columns,files]", *group("bench"))
    session.run("python", "bench/profiles.py")


@nox.session
def endurance(session: nox.Session) -> None:
    """Kill processes for as long as it takes, and walk through long histories: fifty rounds and three thousand."""
    session.install(
        "-e",
        ".[analytics,auth,bulk,cli,columns,files,migrate,mysql,postgresql,report,sso,telemetry,vault,verify]",
        *group("tests"),
    )
    chosen = [
        *(f"tests/security/test_{name}.py" for name in ("kill", "machine", "faults")),
        "tests/flows/test_two_years.py",
    ]
    session.run("pytest", "-q", "-s", "--hypothesis-profile=endurance", *(session.posargs or chosen))


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the guard's code in small ways and list what no test notices, less than a tenth; `-- NAME` selects mutants."""
    session.install(
        "-e",
        ".[analytics,auth,bulk,cli,columns,files,migrate,mysql,postgresql,report,sso,telemetry,vault,verify]",
        *group("tests"),
        *group("mutation"),
    )
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")
    session.run("mutmut", "export-cicd-stats")
    stats = json.loads(pathlib.Path("mutants/mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    noticed = stats["killed"] + stats["timeout"]
    share = noticed / max(stats["total"] - stats["skipped"], 1)
    session.log(f"{noticed} of {stats['total']} mutants were noticed ({share:.1%})")
    if not session.posargs and share < 0.9:
        session.error("less than nine of ten mutants were noticed")


@nox.session
def tables(session: nox.Session) -> None:
    """Make the tables in the package anew from their public sources."""
    session.install("-e", ".", *group("tables"), "pip")
    session.run("python", "tools/refresh_tables.py")
