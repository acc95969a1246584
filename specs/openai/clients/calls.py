"""
Calls the official Python client as a user would: one JSON object a line in, one a line out.

In: base_url, args (those of embeddings.create) and retries. Out: what the client gave, or what it raised.
"""

import json
import sys

import openai


def call(ask: dict) -> dict:
    """Make one call and return what a user of the client gets."""
    client = openai.OpenAI(
        base_url=ask["base_url"], api_key="the relay puts the key in", max_retries=ask["retries"], timeout=30
    )
    try:
        given = client.embeddings.create(**ask["args"])
    except openai.APIStatusError as raised:
        error = {"message": raised.message, "type": raised.type, "param": raised.param, "code": raised.code}
        return {"status": raised.status_code, "error": error, "raised": type(raised).__name__}
    except Exception as raised:  # Whatever the client makes of the answer is what its user sees.
        return {"failure": f"the client raises {type(raised).__name__}: {raised}"}
    return {"status": 200, "answer": given.model_dump()}


print(json.dumps({"ready": f"openai {openai.__version__} on Python {sys.version.split()[0]}"}), flush=True)
for line in sys.stdin:
    ask = json.loads(line)
    print(json.dumps({"id": ask["id"], **call(ask)}), flush=True)
