"""Runs a command and prints what it took: a process of its own, and a small one.

On Linux a process counts the memory of the one it was forked from as its own largest; of this one that is little.
"""

import json
import os
import subprocess
import sys
import time

if __name__ == "__main__":
    began = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps([time.perf_counter() - began, used.ru_maxrss / 1024]))
    sys.exit(process.returncode)
