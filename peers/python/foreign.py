"""Goes through our server with PyPI's `mcp` and prints one line of JSON for each thing seen.

usage: python foreign.py JOB, where JOB is {modern, url} or {modern, command}; the old line of the SDK has no modern era;
with {token, servers} too, it goes through those servers behind the daemon
"""

import asyncio
import json
import sys
from contextlib import asynccontextmanager

import mcp.types as types

job = json.loads(sys.argv[1])

# A change is told at once; this is how long a slow machine may take.
PATIENCE = 20


def say(**thing):
    print(json.dumps(thing), flush=True)


def text(result):
    return "".join(getattr(block, "text", "") for block in result.content)


async def accept(_context, _params):
    return types.ElicitResult(action="accept", content={"name": "Ada"})


def program():
    from mcp import StdioServerParameters

    command, *args = job["command"]
    return StdioServerParameters(command=command, args=args)


def headers():
    return {"Authorization": f"Bearer {job['token']}"} if "token" in job else {}


def remote():
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    return streamable_http_client(job["url"], http_client=create_mcp_http_client(headers=headers()))


@asynccontextmanager
async def new_client(changed):
    from mcp import Client

    async def handler(message):
        if isinstance(message, types.ToolListChangedNotification):
            changed.set()

    mode = "auto" if job["modern"] else "legacy"
    server = remote() if "url" in job else program()
    async with Client(server, mode=mode, elicitation_callback=accept, message_handler=handler) as client:
        info = client.server_info
        say(saw="connect", server=info.name if info else None, version=client.protocol_version)
        if not job["modern"]:
            yield client
            return
        async with client.listen(tools_list_changed=True) as events:

            async def follow():
                async for _event in events:
                    changed.set()

            following = asyncio.create_task(follow())
            yield client
            following.cancel()


@asynccontextmanager
async def old_client(changed):
    from mcp import ClientSession
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamablehttp_client

    async def handler(message):
        root = getattr(message, "root", None)
        if isinstance(root, types.ToolListChangedNotification):
            changed.set()

    wire = streamablehttp_client(job["url"], headers=headers()) if "url" in job else stdio_client(program())
    async with wire as streams:
        async with ClientSession(
            streams[0], streams[1], elicitation_callback=accept, message_handler=handler
        ) as session:
            result = await session.initialize()
            say(saw="connect", server=result.serverInfo.name, version=result.protocolVersion)
            yield session


async def through(client, server):
    """Calls every tool of one of the servers behind the daemon, and looks at what three of them do on the way."""
    of = server["name"]
    failed = []
    for one in server["calls"]:
        try:
            await client.call_tool(one["tool"], one["arguments"])
        except Exception as error:
            if not one["may_err"]:
                failed.append(f"{one['tool']}: {error}")
    say(saw="calls", of=of, failed=failed)

    async def call(what, **more):
        return await client.call_tool(server[what]["tool"], server[what]["arguments"], **more)

    say(saw="call", of=of, text=text(await call("echo")))
    steps = []

    async def progressed(progress, _total, _message):
        steps.append(progress)

    await call("progress", progress_callback=progressed)
    say(saw="progress", of=of, steps=steps)
    say(saw="elicitation", of=of, text=text(await call("elicitation")))


async def main():
    changed = asyncio.Event()
    import mcp

    connection = new_client if hasattr(mcp, "Client") else old_client
    async with connection(changed) as client:
        if "servers" in job:
            say(saw="list", tools=[tool.name for tool in (await client.list_tools()).tools])
            for server in job["servers"]:
                await through(client, server)
            return
        say(saw="list", tools=len((await client.list_tools()).tools))
        say(saw="call", text=text(await client.call_tool("echo", {"message": "hello"})))

        steps = []

        async def progressed(progress, _total, _message):
            steps.append(progress)

        await client.call_tool("test_tool_with_progress", {}, progress_callback=progressed)
        say(saw="progress", steps=steps)

        await client.call_tool("change_tools", {})
        await asyncio.wait_for(changed.wait(), PATIENCE)
        say(saw="change")

        say(saw="elicitation", text=text(await client.call_tool("elicit", {})))


asyncio.run(main())
