"""Serves fastmcp's proxy in front of one server, and prints `host:port` when it can be used.

usage: python gateway.py URL usual|tuned auto|legacy
"""

import asyncio
import socket
import sys

import uvicorn
from fastmcp import Client
from fastmcp.server import create_proxy

url, setting, era = sys.argv[1:]


async def serve(target, **settings):
    proxy = create_proxy(target, name="gateway")
    app = proxy.http_app(path="/mcp", **settings)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    print("{}:{}".format(*listening.getsockname()), flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    await uvicorn.Server(config).serve(sockets=[listening])


async def main():
    if setting == "usual":
        await serve(url)
    else:
        # A client that is connected is used for all calls, instead of a new session for each.
        async with Client(url, mode=era) as client:
            await serve(client, json_response=True, stateless_http=True)


asyncio.run(main())
