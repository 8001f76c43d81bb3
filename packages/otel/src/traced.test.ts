import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../dist/testing/traced.js');
/** OpenTelemetry's kinds of spans. */
const [INTERNAL, SERVER, CLIENT] = [0, 1, 2];

interface Span {
  readonly name: string;
  readonly kind: number;
  readonly trace: string;
  readonly id: string;
  readonly parent?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Runs three replicas and a client under `@opentelemetry/instrumentation-grpc`. @returns all spans */
async function run(...args: readonly string[]): Promise<Span[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args]);
  return JSON.parse(stdout) as Span[];
}

const named = (spans: readonly Span[], name: string): Span[] => spans.filter((span) => span.name === name);
const CALLERS = [
  ['A', 'grpc.test.Adding/Add', 'work'],
  ['B', 'grpc.test.Adding/Add', 'work'],
  ['B2', 'grpc.test.Adding/Chat', 'part'],
  ['C', 'grpc.test.Adding/Add', 'work'],
] as const;

describe.each(['stream', 'rpc'])('with the carrier %s', (carrier) => {
  it("a call is the client's span, one server span as its child, and the primary's work as that one's", async () => {
    const spans = await run(carrier);
    for (const [caller, method, work] of CALLERS) {
      const [root] = named(spans, caller);
      const trace = spans.filter(({ trace }) => trace === root?.trace);
      const [client] = trace.filter(({ kind }) => kind === CLIENT);
      const [server] = trace.filter(({ kind }) => kind === SERVER);
      const [inner] = named(trace, work);
      expect(client).toMatchObject({ name: method, parent: root?.id });
      expect(server).toMatchObject({ name: method, parent: client?.id });
      expect(server?.attributes).toMatchObject({ 'understudy.primary': true, 'rpc.grpc.status_code': 0 });
      expect(inner).toMatchObject({ kind: INTERNAL, parent: server?.id });
      expect(named(trace, `${caller} done`)).toMatchObject([{ parent: root?.id }]);
      expect(trace).toHaveLength(5);
    }
    // Nothing else is a span: no link, and nothing that backups did.
    expect(spans).toHaveLength(5 * CALLERS.length);
    const [before, after] = [named(spans, 'work')[0], named(spans, 'work')[2]];
    expect(before?.attributes.replica).toBe('r1');
    expect(after?.attributes.replica).not.toBe('r1');
  });
});

it("backups' executions are spans of the same trace if they are asked for", async () => {
  const spans = await run('stream', 'backups');
  const [root] = named(spans, 'A');
  const servers = spans.filter(({ trace, kind }) => trace === root?.trace && kind === SERVER);
  expect(servers.map(({ attributes }) => attributes['understudy.primary']).sort()).toEqual([false, false, true]);
});

it("without tracing, a handler's spans belong to no caller's trace", async () => {
  const spans = await run('stream', 'none');
  const callers = new Set(CALLERS.map(([name]) => named(spans, name)[0]?.trace));
  const work = spans.filter(({ name }) => name === 'work' || name === 'part');
  expect(work.filter(({ trace }) => callers.has(trace))).toEqual([]);
  expect(spans.filter(({ name }) => /Connect|Link/.test(name))).toEqual([]);
});
