"""The same as a CGI program by hand: what the JSON holds is trusted."""

import json
import sys
from dataclasses import asdict

from tool.order import Item, Order, total


def main() -> None:
    """Answer one request."""
    given = json.loads(sys.stdin.buffer.read())["order"]
    items = [Item(**item) for item in given.pop("items")]
    result = total(Order(items=items, **given))
    body = json.dumps(asdict(result), ensure_ascii=False, separators=(",", ":")).encode()
    sys.stdout.buffer.write(b"Status: 200 OK\r\nContent-Type: application/json\r\n\r\n" + body)
