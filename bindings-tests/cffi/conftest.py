"""The library as a tool loads it."""

from pathlib import Path

import cffi
import pytest

from header import library, preprocessed
from tool import Tool


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    folder: Path = tmp_path_factory.mktemp("header")
    ffi = cffi.FFI()
    ffi.cdef(preprocessed(folder))
    return Tool(ffi, ffi.dlopen(library()))
