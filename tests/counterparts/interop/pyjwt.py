"""Signs and verifies with PyJWT: a task in JSON comes in, and what was made of it goes out. See jose.mjs, which has the same task."""

import datetime
import json
import sys
from unittest import mock

import jwt

task = json.load(sys.stdin)


def imported(key, alg):
    return key if isinstance(key, str) else jwt.PyJWK(key, algorithm=alg).key


signed = [
    jwt.encode(one["claims"], imported(one["key"], one["alg"]), algorithm=one["alg"], headers=one["header"])
    for one in task["sign"]
]

verified = []
for one in task["verify"]:
    # PyJWT asks the system for the time, and the tests have one of their own.
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(one["now"], tz)

    try:
        with mock.patch("jwt.api_jwt.datetime", Clock):
            key = one["key"]
            header = jwt.get_unverified_header(one["token"])
            if one.get("proof"):
                assert header["typ"] == "dpop+jwt", "typ"
                key = header["jwk"]
            claims = jwt.decode(
                one["token"],
                imported(key, one["alg"]),
                algorithms=[one["alg"]],
                audience=one.get("audience"),
                issuer=one.get("issuer"),
                options={"require": ["iat", "jti"] if one.get("proof") else ["iat", "exp"]},
            )
        verified.append({"claims": claims})
    except Exception as error:  # noqa: BLE001: told to the test, which fails
        verified.append({"error": f"{one['name']}: {type(error).__name__} {error}"})

json.dump({"signed": signed, "verified": verified}, sys.stdout)
