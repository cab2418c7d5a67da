"""Evaluates expressions of Google's CEL, one JSON line each, in a process of its own.

The library ends the whole process where it meets ``null``; no test may depend on that process.
"""

from __future__ import annotations

import json
import sys

from cel_expr_python import cel


def main() -> None:
    """Read the scope from the first line and an expression from every other."""
    scope = json.loads(sys.stdin.readline())
    environment = cel.NewEnv(variables=dict.fromkeys(scope, cel.Type.DYN))
    for line in sys.stdin:
        try:
            compiled = environment.compile(json.loads(line), disable_check=True)
            result = compiled.eval(data=scope)
        except Exception as error:  # noqa: BLE001 - the library raises what it likes
            sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
            continue
        wrong = result.type() == cel.Type.ERROR
        answer = {"error": str(result)} if wrong else {"value": result.plain_value()}
        sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
