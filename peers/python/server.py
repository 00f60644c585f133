"""A small MCP server on PyPI's `mcp`, to test our client against a server that is not ours.

The package answers both eras on one endpoint and tells them apart by the version header. `--era modern` refuses the
handshake of the older revisions; `--era legacy` refuses newer requests the way a server from before 2026 does.
Prints its URL when it can be used.
"""

import argparse
import asyncio
import socket
from typing import Annotated

import uvicorn
from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse

server = MCPServer("python-peer")


class Weather(BaseModel):
    """Structured data, so that the tool gets an output schema."""

    temperature: float
    conditions: str


class Person(BaseModel):
    """What the user is asked for."""

    name: str


def person() -> Elicit[Person]:
    """Asks in the way of the era: by a request, or by a round of questions."""
    return Elicit("Who are you?", Person)


@server.tool()
def ask(who: Annotated[Person, Resolve(person)]) -> str:
    """Asks the user for a name, and greets."""
    return f"Hello, {who.name}!"


@server.tool()
def echo(message: str) -> str:
    """Gives back the message."""
    return message


@server.tool()
def add(a: float, b: float) -> float:
    """Adds two numbers."""
    return a + b


@server.tool()
async def sleep(ms: int) -> str:
    """Waits, then says how long."""
    await asyncio.sleep(ms / 1000)
    return f"Slept {ms} ms."


@server.tool()
def fail() -> str:
    """Always answers with a tool error."""
    raise ValueError("this tool always fails")


@server.tool()
async def progress(steps: int, ctx: Context) -> str:
    """Reports progress before it answers."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps)
    return f"Done in {steps} steps."


@server.tool()
def structured(city: str) -> Weather:
    """Answers with structured weather data."""
    return Weather(temperature=21.5, conditions=f"Sunny in {city}")


@server.tool()
def large(bytes: int) -> str:
    """Answers with a text of the wanted size."""
    return "x" * bytes


class OneEra:
    """Lets only requests of one era through to the application."""

    def __init__(self, app, era):
        self.app = app
        self.era = era

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and not self.allows(Request(scope)):
            error = {"code": -32000, "message": "Bad Request: Unsupported protocol version"}
            answer = JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status_code=400)
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def allows(self, request):
        version = request.headers.get("mcp-protocol-version")
        is_legacy = version is None or version in HANDSHAKE_PROTOCOL_VERSIONS
        return is_legacy == (self.era == "legacy")


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--era", choices=["modern", "legacy", "both"], default="both")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    app = server.streamable_http_app()
    if arguments.era != "both":
        app = OneEra(app, arguments.era)
    listener = socket.create_server(("127.0.0.1", arguments.port))
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    task = asyncio.create_task(running.serve(sockets=[listener]))
    while not running.started and not task.done():
        await asyncio.sleep(0.01)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
    await task


asyncio.run(main())
