"""What the peers share: requests and answers as JSON lines.

One request a line on standard input, one answer a line on standard output: `{"ok": true, ...}` or
`{"ok": false, "error": "..."}`.
"""

import json
import sys


def serve(ops):
    """Answers requests until there are none left; `ops` maps the field `op` to a function of the request."""
    for line in sys.stdin:
        try:
            request = json.loads(line)
            answer = {"ok": True, **ops[request["op"]](request)}
        except Exception as error:  # every failure goes to the caller, which decides
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
