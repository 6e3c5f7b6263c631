"""What the tests of pools and engines let workers do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn


def double(number: int) -> int:
    """Work."""
    return 2 * number


def odd_fails(number: int) -> int:
    """Work that an odd number does not like."""
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def thirteen_kills(number: int) -> int:
    """Work that ends its process."""
    if number == 13:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return number


def dies_once(path: str) -> str:
    """Work whose first attempt ends its process."""
    mark = Path(path)
    if not mark.exists():
        mark.touch()
        os._exit(3)
    return "done"


def hangs(path: str) -> NoReturn:
    """Work that never ends, and neither does what it starts; the file has the ids of both."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(path).write_text(f"{os.getpid()} {child.pid}", encoding="utf-8")
    while True:
        time.sleep(600)


def odd_hangs(number: int) -> int:
    """Work that an odd number never ends."""
    while number % 2:
        time.sleep(600)
    return number


def says_and_raises() -> NoReturn:
    """Disturbs the pipe of the answers as far as it can, and fails in a way that cannot be pickled."""
    print("noise", flush=True)
    os.write(1, b"noise")

    class Local(Exception):
        pass

    raise Local("why")


def path() -> list[str]:
    """Where the process looks for modules."""
    return sys.path
