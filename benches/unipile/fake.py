#!/usr/bin/env python3
"""A stand-in for Unipile that only answers, as fast as one process can: what the server costs is measured, and not this.

    fake.py PORT

GET /count tells how many requests there were of each kind."""
import asyncio, collections, json, re, sys, urllib.parse

count, chats = collections.Counter(), {}


def empty(kind):
    return 200, {"object": kind, "items": [], "cursor": None}


def answer(method, path, query):
    part = path.removeprefix("/api/v1/").split("/")
    match (method, part):
        case ("GET", ["accounts", id]):
            return 200, {"object": "Account", "id": id, "type": "LINKEDIN", "name": id, "created_at": None, "connection_params": {},
                         "sources": [{"id": id, "status": "OK"}]}
        case ("GET", ["users", "me"]):
            return 200, {"provider_id": "ACo-" + query["account_id"], "public_identifier": query["account_id"]}
        case ("GET", ["users", "relations"]):
            return empty("UserRelationsList")
        case ("GET", ["users", "invite", "sent"]):
            return empty("InvitationList")
        case ("GET", ["users", id]):
            name = id.removeprefix("ACo_")
            return 200, {"object": "UserProfile", "provider_id": "ACo_" + name, "public_identifier": name, "is_relationship": False}
        case ("POST", ["users", "invite"]):
            return 201, {"object": "UserInvitationSent", "invitation_id": str(sum(count.values()))}
        case ("GET", ["chat_attendees", _, "chats"]):
            return empty("ChatList")
        case ("POST", ["chats"]):
            return 201, {"object": "ChatStarted", "chat_id": None, "message_id": str(sum(count.values()))}
        case ("GET", ["chats"]):
            return empty("ChatList")
        case ("GET", ["chats", id]):
            return 200, {"object": "Chat", "id": id, "account_id": id.split("_")[0], "attendee_provider_id": "ACo_stranger", "type": 0}
        case _:
            return 404, {"type": "errors/resource_not_found", "status": 404, "title": "Not found"}


async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            if length := re.search(rb"content-length: (\d+)", head, re.I):
                await reader.readexactly(int(length[1]))
            url = urllib.parse.urlsplit(target)
            if url.path == "/count":
                status, body = 200, count
            else:
                kind = re.sub(r"/(ACo[^/]*|person-\d+|acc\d+[^/]*)", "/{}", url.path.removeprefix("/api/v1"))
                count[f"{method} {kind}" + ("?notify" if "notify=" in url.query else "")] += 1
                status, body = answer(method, url.path, dict(urllib.parse.parse_qsl(url.query)))
            text = json.dumps(body).encode()
            writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (status, len(text), text))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), limit=1 << 20)
    await server.serve_forever()

asyncio.run(main())
