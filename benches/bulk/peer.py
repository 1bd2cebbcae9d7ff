"""The job of benches/bulk.rs with auth0-python, as its users write it: so many threads, its retries as they are by default."""

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from auth0.authentication import GetToken
from auth0.management import Auth0

URL = os.environ["SANDBOX_URL"]
ID, SECRET, AUDIENCE = (os.environ[f"SANDBOX_{name}"] for name in ("CLIENT_ID", "CLIENT_SECRET", "AUDIENCE"))
counts = {"requests": 0, "refused": 0}
lock = threading.Lock()


def count(response):
    with lock:
        counts["requests"] += 1
        counts["refused"] += response.status_code == 429


token = GetToken(URL.removeprefix("http://"), ID, SECRET, protocol="http").client_credentials(AUDIENCE)["access_token"]
http = httpx.Client(event_hooks={"response": [count]}, timeout=60, follow_redirects=True)
auth0 = Auth0(base_url=f"{URL}/api/v2", token=token, httpx_client=http)
with open(os.environ["BULK_IDS"]) as file:
    ids = file.read().split("\n")


def update(key):
    try:
        auth0.users.update(key, user_metadata={"seen": True})
        return None
    except Exception as error:
        return str(getattr(error, "status_code", error))


start = time.monotonic()
with ThreadPoolExecutor(int(os.environ["BULK_WORKERS"])) as pool:
    errors = [error for error in pool.map(update, ids) if error]
seconds = time.monotonic() - start
print(json.dumps({"done": len(ids) - len(errors), "failed": len(errors), **counts, "seconds": seconds, "firstError": errors[0] if errors else None}))
