"""One sandbox process for all tests of this folder; every test furnishes it anew."""

import pytest

from guitai.providers.tests.sandbox import SandboxProcess


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory):
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox"))
    yield process
    process.close()


@pytest.fixture
def sandbox(sandbox_process):
    sandbox_process.furnish()
    return sandbox_process
