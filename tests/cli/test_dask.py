"""`--dask` and `--workers` of run, study and grade: the same documents as in one process; what makes no sense is refused."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from click.testing import CliRunner
from clusters import cluster_here
from test_processes import untimed, written

from gradcheck.cli import main

pytest.importorskip("distributed", reason="the extra `dask` is not installed")
CASES = {
    "first.py": "from twofold import twice\nimport numpy as np\nfrom gradcheck import Real, case\n\n\n@case(x=Real(3))\ndef sines(x):\n    return np.sum(np.sin(twice(x)))\n\n\n"
    "@sines.claimed_gradient(expect='wrong')\ndef forgets(x):\n    return np.cos(2 * x)\n",
    "second.py": "import os\nfrom gradcheck import case\n\n\n@case(x=1.0)\ndef raises(x):\n    raise ValueError(f'in {__file__}')\n\n\n@case(x=2.0)\ndef ends(x):\n    os._exit(7)\n",
    "_ignored.py": "raise ValueError\n",
    "twofold.py": "from gradcheck import case\n\n\ndef twice(x):\n    return x + x\n\n\n@case(x=1.5)\ndef cube(x):\n    return x**3\n",
}


@pytest.fixture(scope="module")
def address():
    with cluster_here() as found:
        yield found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases").mkdir()
    for name, text in CASES.items():
        (tmp_path / "cases" / name).write_text(text)
    return tmp_path


def invoke(*arguments):
    return CliRunner().invoke(main, arguments)


def test_a_cluster_compares_cases_as_this_machine_does(folder, address):
    here, there = invoke("run", "--json", "--workers", "2"), invoke("run", "--json", "--dask", address)
    assert (here.exit_code, there.exit_code) == (3, 3)
    assert untimed(json.loads(here.stdout)) == untimed(json.loads(there.stdout))
    said = [[line for line in result.stderr.splitlines() if line.startswith("gradcheck:")] for result in (here, there)]
    assert said[0] == said[1] and len(said[0]) == 2
    assert f"in {folder}/cases/second.py" in said[0][0] and "ended with exit code 7" in said[0][1]


@pytest.mark.slow
def test_a_report_made_on_a_cluster_is_the_same(folder, address, monkeypatch):
    monkeypatch.setattr("gradcheck.verdicts.proof.proofs", lambda processes, only: ())
    here, there = (
        invoke("run", "cases", "--report", "here", "--workers", "2"),
        invoke("run", "cases", "--report", "there", "--dask", address),
    )
    assert here.stdout == there.stdout
    assert written(folder / "here") == written(folder / "there")
    assert not [p for p in (folder / "there").rglob("*") if p.is_file() and b"/tmp/gradcheck-" in p.read_bytes()]


@pytest.mark.slow
def test_some_cases_and_files_elsewhere_are_the_same(folder, address, monkeypatch):
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    for chosen in (["../cases/twofold.py"], ["../cases", "cube"], [str(folder / "cases" / "first.py"), "sines"]):
        here, there = invoke("run", *chosen, "--json"), invoke("run", *chosen, "--json", "--dask", address)
        assert here.exit_code == there.exit_code
        assert untimed(json.loads(here.stdout)) == untimed(json.loads(there.stdout))


@pytest.mark.slow
def test_accuracy_is_the_same_however_it_is_found(folder, address):
    (folder / "cases" / "second.py").unlink()
    alone, several, there = (invoke("study", "accuracy", "--json", *how) for how in ((), ("--workers", "2"), ("--dask", address)))
    assert alone.stdout == several.stdout == there.stdout
    assert json.loads(alone.stdout)["name"] == "accuracy"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--workers", "2", "--dask", "tcp://a:1"), "give one of them"),
        (("study", "accuracy", "--workers", "2", "--dask", "tcp://a:1"), "give one of them"),
        (("study", "depth", "--workers", "2"), "--workers: depth is measured in one process"),
        (("study", "scaling", "--dask", "tcp://a:1"), "--dask: scaling is measured in one process"),
        (("run", "--dask", "nowhere"), "expected the address of a Dask scheduler"),
    ],
)
def test_what_makes_no_sense_is_refused(folder, arguments, said):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr and len(result.stderr.strip().splitlines()) == 1


def test_the_commands_of_the_page_on_scale_are_commands(root):
    text = (root / "docs/how-to/grade-at-scale.md").read_text()
    commands = re.findall(r"^\$ gradcheck (.*)$", text, re.M)
    assert len(commands) > 6
    for command in commands:
        name, *arguments = shlex.split(command)
        main.commands[name].make_context(name, arguments)


def test_the_page_on_scale_says_what_holds(root):
    from gradcheck import cluster

    text = (root / "docs/how-to/grade-at-scale.md").read_text()
    assert f"the run waits {cluster.PATIENCE:g} seconds for one" in text
    assert "within ten seconds" in text and cluster.REACHED == 10
