// Carries out one job of the benchmark with a TypeScript SDK and prints one line of JSON.
// usage: node client.cjs NODE_MODULES PACKAGE JOB

"use strict";

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const [modules, name, text] = process.argv.slice(2);
const job = JSON.parse(text);
const load = createRequire(join(modules, "here.cjs"));
const isNew = name === "@modelcontextprotocol/client";
const { Client } = load(isNew ? name : `${name}/client/index.js`);
const { StreamableHTTPClientTransport } = load(isNew ? name : `${name}/client/streamableHttp.js`);

const WARM_UP = 0.2;
const now = () => performance.now() / 1000;
const residentKib = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);

async function connect() {
  const options = isNew ? { versionNegotiation: { mode: job.modern ? { pin: "2026-07-28" } : "legacy" } } : {};
  const client = new Client({ name: "bench", version: "1" }, options);
  await client.connect(new StreamableHTTPClientTransport(new URL(job.url)));
  return client;
}

const call = (client) => client.callTool({ name: job.tool, arguments: { message: "hello" } });
const once = (client) => (job.work === "list" ? client.listTools() : call(client));

async function repeat(client, seconds) {
  const end = now() + seconds;
  const times = [];
  const worker = async () => {
    for (;;) {
      const start = now();
      if (start >= end) return;
      await once(client);
      times.push(now() - start);
    }
  };
  await Promise.all(Array.from({ length: job.in_flight }, worker));
  return times;
}

async function connectFor(seconds) {
  const end = now() + seconds;
  const times = [];
  for (;;) {
    const start = now();
    if (start >= end) return times;
    const client = await connect();
    await call(client);
    await client.close();
    times.push(now() - start);
  }
}

async function measured(work) {
  const before = process.cpuUsage();
  const start = now();
  const times = (await work()).sort((a, b) => a - b);
  const took = now() - start;
  const used = process.cpuUsage(before);
  const at = (share) => times[Math.floor((times.length - 1) * share)] * 1e6;
  return {
    per_second: times.length / took,
    p50_us: at(0.5),
    p99_us: at(0.99),
    cpu_us: (used.user + used.system) / times.length,
    session_kib: 0,
  };
}

async function idle() {
  const held = [await connect()];
  await call(held[0]);
  const before = residentKib();
  for (let count = 0; count < job.sessions; count += 1) {
    const client = await connect();
    await call(client);
    held.push(client);
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  const kib = (residentKib() - before) / job.sessions;
  return { per_second: 0, p50_us: 0, p99_us: 0, cpu_us: 0, session_kib: kib, held: held.length };
}

async function main() {
  if (job.work === "idle") return idle();
  if (job.work === "connect") {
    await connectFor(job.seconds * WARM_UP);
    return measured(() => connectFor(job.seconds));
  }
  const client = await connect();
  await repeat(client, job.seconds * WARM_UP);
  return measured(() => repeat(client, job.seconds));
}

main().then(
  (report) => {
    console.log(JSON.stringify(report));
    process.exit(0);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
