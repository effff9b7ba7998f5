"""How pytest imports us: as Python does, though it would compile anew all modules of a wheel that brings a plugin."""

from __future__ import annotations

import sys

import pytest

MARKS = 'import pytest\npytest.register_assert_rewrite("gradcheck", "other")\n'  # as pytest does for a plugin's wheel
LOADED = """
import other, gradcheck.errors, gradcheck.settings
def test_it():
    print([type(m.__spec__.loader).__name__ for m in (gradcheck.errors, gradcheck.settings, other)])
"""


@pytest.mark.parametrize(
    ("option", "ours"), [("--verbose", "SourceFileLoader"), ("-pno:gradcheck", "AssertionRewritingHook")], ids=["plugin", "without"]
)
def test_our_modules_are_not_rewritten(project, option, ours):
    project.write(marks=MARKS, other="", tests__test_it=LOADED, ini="[pytest]\npythonpath = .\n")
    (project.pytester.path / "conftest.py").write_text("")
    result = project.apart("-p", "marks", "-s", option, "tests")
    result.stdout.fnmatch_lines([f"*['{ours}', '{ours}', 'AssertionRewritingHook']*"])


GOES = """
import sys, pytest
before = list(sys.meta_path)
print("ended", pytest.main(["-q", "tests"]), pytest.main(["--no-such-option"]), sys.meta_path == before)
"""


def test_the_import_hook_goes_with_the_run(project):
    project.write(tests__test_it="def test_it():\n    import sys\n    assert any('AsWritten' in repr(f) for f in sys.meta_path)\n")
    project.pytester.run(sys.executable, "-c", GOES).stdout.fnmatch_lines(["ended 0 4 True"])
