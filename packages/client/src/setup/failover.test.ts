import type { Client } from '@grpc/grpc-js';
import type { LogLevel } from '@understudy/core';
import type { SessionFrame } from '@understudy/core/internal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, connectTo, echoing } from '../testing/echo.js';
import { ScriptedGroup, ScriptedReplica } from '../testing/scripted-replica.js';
import { replicatedForTest } from '../testing/session-under-test.js';
import { understudyClient } from './replicated.js';

describe('when a replica fails', () => {
  let group: ScriptedGroup;
  let client: Client;
  const logged: string[] = [];
  const logger = { log: (_level: LogLevel, event: string) => void logged.push(event) };
  let answers = true;

  beforeEach(async () => {
    answers = true;
    group = await ScriptedGroup.start(3, (request) => (answers ? echoing(request) : undefined));
    client = connectTo(group.target, replicatedForTest({ logger }));
  });
  afterEach(async () => {
    await understudyClient(client).close();
    group.stop();
  });

  it('the next primary answers an open call', async () => {
    expect((await ask(client, 'x')).value).toBe('x');
    answers = false;
    const open = ask(client, 'y');
    await group.replicas[0]?.until(() => group.held.length === 1);
    answers = true;
    group.replicas[0]?.stop();
    group.promote(1);
    expect((await open).value).toBe('y');
    expect(understudyClient(client).status()).toMatchObject({ primarySlot: 1, term: 2 });
  });

  it('the next primary answers an open call even if its link broke after it had the call', async () => {
    expect((await ask(client, 'x')).value).toBe('x');
    answers = false;
    const open = ask(client, 'y');
    const next = group.replicas[1];
    await group.replicas[0]?.until(() => group.held.length === 1);
    const second = (frame: SessionFrame): boolean =>
      frame.kind === 'multicast' && frame.requests.some(({ seqNum }) => Number(seqNum) === 2);
    await next?.until(({ frames }) => frames.some(second));
    const hellos = (): number => next?.frames.filter(({ kind }) => kind === 'hello').length ?? 0;
    const before = hellos();
    for (const stream of next?.streams ?? []) stream.end();
    await next?.until(() => hellos() > before);
    answers = true;
    group.replicas[0]?.stop();
    group.promote(1);
    expect((await open).value).toBe('y');
  });

  it('calls go on beside a replica that does not read, and the bytes that wait for it are bounded', async () => {
    expect((await ask(client, 'x')).value).toBe('x');
    const [, , backup] = group.replicas;
    // A hello that is not read before the pause is never counted.
    await backup?.until(({ streams, frames }) => streams.size === 1 && frames.some(({ kind }) => kind === 'hello'));
    for (const stream of backup?.streams ?? []) stream.pause();
    const big = 'x'.repeat(1_000_000);
    for (let i = 0; i < 48; i++) expect((await ask(client, big)).value).toHaveLength(big.length);
    expect((await ask(client, 'y')).value).toBe('y');
    expect(logged).not.toContain('link dropped');
  });

  it('the client looks for a member that left once it reaches no other replica', async () => {
    const [first, second] = group.replicas as [ScriptedReplica, ScriptedReplica];
    for (const third of group.replicas.splice(2)) third.stop();
    const late = connectTo(`understudy:///127.0.0.1:${first.port}`, replicatedForTest({ logger }));
    expect((await ask(late, 'x')).value).toBe('x');
    // Its address was learned.
    await second.until(({ streams }) => streams.size > 0);
    group.replicas.pop();
    group.promote(0);
    second.stop();
    await second.until(({ streams }) => streams.size === 0);
    expect((await ask(late, 'y')).value).toBe('y');
    answers = false;
    const open = ask(late, 'z');
    await first.until(() => group.held.length === 1);
    answers = true;
    first.stop();
    group.replicas.splice(0, 1, await ScriptedReplica.start(group, 'r1', second.port));
    group.promote(0);
    expect((await open).value).toBe('z');
    await understudyClient(late).close();
  });
});
