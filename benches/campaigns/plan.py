#!/usr/bin/env python3
"""How long a campaign's plan takes: `/simulate` of 10,000 leads over about eight weeks, with texts, and `/start` with 100,000.

    benches/campaigns/plan.py http://127.0.0.1:3001 "$(clento dev-token)" [leads to simulate] [leads to start with]

Makes its lists, mailboxes and campaigns in the organization of the token; use a database of its own.
"""
import json
import statistics
import sys
import time
import urllib.request

BASE, TOKEN = sys.argv[1].rstrip("/"), sys.argv[2]
SIMULATED = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
STARTED = int(sys.argv[4]) if len(sys.argv) > 4 else 100_000
ROUNDS = 5


def call(method, path, body=None):
    request = urllib.request.Request(
        f"{BASE}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def leads(name, count):
    made = call("POST", "/lead-lists", {"name": name})["id"]
    for begin in range(0, count, 1_000):
        rows = [
            {"first_name": f"First{i}", "last_name": "Last", "company": f"Company {i}", "email": f"{name}{i}@company{i}.example"}
            for i in range(begin, min(begin + 1_000, count))
        ]
        call("POST", "/leads/batch", {"lead_list_id": made, "leads": rows})
    return made


def mailbox(i):
    terms = {"limits": {"send_email": {"per_day": 100}}, "spacing_seconds": 60}
    return call("POST", "/connected-accounts", {"provider": "sandbox", "channel": "email", "display_name": f"Mailbox {i}", "seed": i, **terms})["id"]


def mail(name, text):
    return {"id": name, "type": "send_email", "config": {"variants": [{"subject": "Hello {{ first_name }}", "text": text}]}}


def edge(source, target, days):
    return {"source": source, "target": target, "delay": {"value": days, "unit": "days"}}


WORKFLOW = {
    "nodes": [
        mail("first", "{Hi|Hello} {{ first_name | default('there') }}, how is {{ company }}?"),
        mail("second", "{% if company %}Still at {{ company }}?{% endif %}"),
        mail("third", "The last one, {{ first_name }}."),
    ],
    "edges": [edge("first", "second", 3), edge("second", "third", 5)],
}
SCHEDULE = {"timezone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "start_time": "08:00", "end_time": "18:00"}


def campaign(lists, accounts):
    body = {"name": "Plan", "lead_list_ids": lists, "account_ids": accounts, "workflow": WORKFLOW, "schedule": SCHEDULE}
    return call("POST", "/campaigns", body)["id"]


def timed(act):
    began = time.monotonic()
    answer = act()
    return time.monotonic() - began, answer


accounts = [mailbox(i) for i in range(8)]
planned = campaign([leads("simulated", SIMULATED)], accounts)
runs = [timed(lambda: call("POST", f"/campaigns/{planned}/simulate", {})) for _ in range(ROUNDS)]
told = {key: value for key, value in runs[0][1].items() if not isinstance(value, (list, dict))}
print(f"simulate, {SIMULATED} leads: median {statistics.median(time for time, _ in runs):.2f} s, at the most {max(time for time, _ in runs):.2f} s; {told}")
large = campaign([leads("started", STARTED)], accounts)
took, _ = timed(lambda: call("POST", f"/campaigns/{large}/start", {}))
print(f"start, {STARTED} leads: {took:.3f} s")
took, _ = timed(lambda: call("POST", f"/campaigns/{large}/pause", {}))
print(f"pause right after: {took:.3f} s")
