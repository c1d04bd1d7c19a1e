#!/usr/bin/env python3
"""What a day of 200 LinkedIn accounts at their full limits costs a worker: 80 visits, 20 invitations and 100 messages each.

    day.py API TOKEN PID FAKE_PORT [SECONDS]

PID is the process that works; its CAMPAIGN_CLOCK_SPEED says how fast the day passes. Told are its CPU time at rest, while the accounts are only
looked at, and for each act. A day is 86,400 s of the one, as it is at the usual speed (a clock that runs faster asks more often), and 40,000 of
the other."""
import json, os, sys, time, urllib.error, urllib.request

api, token, pid, fake = sys.argv[1:5]
seconds = int(sys.argv[5]) if len(sys.argv) > 5 else 120
ACCOUNTS, A_DAY = 200, {"profile_visit": 80, "send_connection_request": 20, "send_followup": 100}


def cpu():
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def call(method, path, body=None):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(api + path, data, headers, method=method)) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        sys.exit(error.read().decode())


def acts():
    count = json.load(urllib.request.urlopen(f"http://127.0.0.1:{fake}/count"))
    acts = ("GET /users/{}?notify", "POST /users/invite", "POST /chats")
    return sum(n for kind, n in count.items() if kind in acts), sum(count.values())


def accounts():
    ids, cursor = [], ""
    while True:
        page = call("GET", f"/api/v1/connected-accounts?limit=100{cursor}")
        ids += [it["id"] for it in page["data"]]
        if not page["next_cursor"]:
            return ids
        cursor = f"&cursor={page['next_cursor']}"


def campaign(action, people, ids):
    members = call("POST", "/api/v1/lead-lists", {"name": action})["id"]
    for start in range(0, len(people), 1000):
        leads = [{"first_name": f"F{n}", "linkedin_url": f"https://www.linkedin.com/in/person-{n}"} for n in people[start:start + 1000]]
        call("POST", "/api/v1/leads/batch", {"lead_list_id": members, "leads": leads})
    node = {"id": "it", "type": action}
    if action != "profile_visit":
        node["config"] = {"message": "Hello {{ first_name }}"}
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    body = {"name": action, "lead_list_ids": [members], "account_ids": ids, "workflow": {"nodes": [node], "edges": []},
            "schedule": {"timezone": "UTC", "days": days, "start_time": "00:00", "end_time": "24:00"}}
    return call("POST", "/api/v1/campaigns", body)["id"]


ids = accounts()
assert len(ids) == ACCOUNTS, len(ids)
before = cpu()
time.sleep(60)
rest = (cpu() - before) / 60
print(f"at rest: {100 * rest:.2f} % of a core", flush=True)
first, started = 0, []
for action, each in A_DAY.items():
    # A campaign may have a hundred accounts.
    for some in (ids[:100], ids[100:]):
        started.append(campaign(action, range(first, first + each * len(some)), some))
        first += each * len(some)
for id in started:
    call("POST", f"/api/v1/campaigns/{id}/start", {})
while acts()[0] < 500:
    time.sleep(1)
done, requests = acts()
before, began = cpu(), time.monotonic()
time.sleep(seconds)
spent, passed = cpu() - before, time.monotonic() - began
n, requests = acts()[0] - done, acts()[1] - requests
each = (spent - rest * passed) / n
day = each * sum(A_DAY.values()) * ACCOUNTS
print(f"{n} acts in {passed:.0f} s, {requests} requests: {1e6 * each:.0f} us of CPU each; "
      f"the acts of a day cost {day:.0f} s, {100 * day / 86_400:.2f} % of a core on average, beside what it takes at rest")
