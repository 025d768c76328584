"""What an export goes through over the deployed functions: begun, taken in parts, brought home."""

from __future__ import annotations

import base64

from tests.unit.web.conftest import Browser


def go_the_way_of_an_export(jiu: Browser) -> None:
    """Everything is taken out by the calls of the page, and a piece of it brought home."""
    assert jiu.get("/export").status == 200
    begun = jiu.post("/export").json()
    at = f"/export/{begun['export_id']}"
    for kind in ("consents", "answers", "coupons"):
        assert jiu.post(f"{at}/history", {"kind": kind, "after": None}).status == 200
    assert jiu.post(f"{at}/entries", {"after": None}).status == 200
    (segment_id, _dataset), *_ = begun["segments"]
    reply = jiu.post(f"{at}/records", {"segments": [segment_id], "skip": 0})
    _head, *lines = reply.body.split("\n")
    assert len(lines) == 1
    assert jiu.post(f"{at}/end").json()["log"]["checkpoint"]
    piece = {"segment_id": segment_id, "count": 1, "complete_until": None}
    content = base64.b64encode(lines[0].encode()).decode()
    brought = {"hub": begun["hub"], "pieces": [piece], "content": content}
    assert jiu.post("/import/archive", brought).json() == {"records": 0, "already": 1}
