import { status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { Conversation, type Heard, hear, statusOf, textsOf } from './conversation.js';
import { deployments, kindsOf, streaming, use } from './deployment.js';
import { effectOf } from './effect.js';
import { gate, hold, reply, report, type Step } from './script.js';
import type { Seen } from './service.js';

const HOUR_MS = 3_600_000;
/** A deadline travels as the time that is left, and on a busy machine the clock advances meanwhile. */
const CLOSE_MS = 60_000;
const SOON_MS = 100;

const seen = (heard: readonly Heard[]): Seen => JSON.parse(textsOf(heard)[0] ?? '');

describe.each(deployments)('a deadline, %s', (deployment) => {
  const group = use(deployment);
  const settled = () => hear(group().client, 'unary', [{ steps: [reply('after')] }]);

  const expectExceeded = (heard: readonly Heard[], mayHaveTakenEffect: boolean): void => {
    expect(statusOf(heard).code).toBe(Status.DEADLINE_EXCEEDED);
    expect(statusOf(heard).details).toMatch(/^Deadline exceeded/);
    expect(effectOf(heard)).toBe(deployment.replicated ? mayHaveTakenEffect : undefined);
  };

  describe.each(kindsOf(deployment))('%s', (kind) => {
    const ask = (deadline: number | Date | undefined, ...steps: Step[]) =>
      hear(group().client, kind, [{ steps }], { options: deadline === undefined ? {} : { deadline } });

    it.each([
      ['a moment ago', () => Date.now() - 1],
      ['now', () => Date.now()],
      ['long ago', () => new Date(0)],
    ])('that was %s ends the call, and a replicated call is not performed', async (when, deadline) => {
      const name = `${kind} ${when}`;
      const requests = [{ name, steps: [reply('x')] }];
      const heard = await hear(group().client, kind, requests, { options: { deadline: deadline() } });
      expectExceeded(heard, false);
      expect(textsOf(heard)).toEqual([]);
      await settled();
      // grpc-js may still send a bare call.
      if (deployment.replicated) expect(group().serving.script.performed).not.toContain(name);
    });

    it('that passes while the handler is at work ends the call', async () => {
      await settled();
      const at = `${kind} at work`;
      const heard = await ask(Date.now() + SOON_MS, gate(at), reply('late'));
      expectExceeded(heard, true);
      expect(textsOf(heard)).toEqual([]);
      group().gates.open(at);
      expect(textsOf(await settled())).toEqual(['after']);
    });

    it('may be a Date', async () => {
      await settled();
      const at = `${kind} date`;
      expectExceeded(await ask(new Date(Date.now() + SOON_MS), gate(at)), true);
      group().gates.open(at);
    });

    it('that is far away reaches the handler and changes nothing', async () => {
      const deadline = Date.now() + HOUR_MS;
      const heard = await ask(deadline, report);
      expect(statusOf(heard).code).toBe(Status.OK);
      expect(Math.abs((seen(heard).deadlineMs ?? 0) - deadline)).toBeLessThan(CLOSE_MS);
    });

    it.each([
      ['no', undefined],
      ['an infinite', Number.POSITIVE_INFINITY],
    ])('is absent for the handler when the call has %s deadline', async (_what, deadline) => {
      expect(seen(await ask(deadline, report)).deadlineMs).toBeNull();
    });

    it('follows from the timeout in a methodConfig', async () => {
      const timeout = { seconds: HOUR_MS / 1000, nanos: 0 };
      const client = group().connect({ methodConfig: [{ name: [{ service: 'transparency.v1.Script' }], timeout }] });
      const deadlineMs = Date.now() + HOUR_MS;
      const told = seen(await hear(client, kind, [{ steps: [report] }])).deadlineMs;
      expect(Math.abs((told ?? 0) - deadlineMs)).toBeLessThan(CLOSE_MS);
    });

    it('is the earlier one of the methodConfig and the call', async () => {
      const at = `${kind} earlier`;
      const timeout = { seconds: 0, nanos: SOON_MS * 1e6 };
      const client = group().connect({ methodConfig: [{ name: [{ service: 'transparency.v1.Script' }], timeout }] });
      const options = { deadline: Date.now() + HOUR_MS };
      const heard = await hear(client, kind, [{ steps: [gate(at)] }], { options });
      expect(statusOf(heard).code).toBe(Status.DEADLINE_EXCEEDED);
      group().gates.open(at);
    });
  });
});

describe.each(streaming)('a deadline in the middle of a stream, %s', (deployment) => {
  const group = use(deployment);

  it.each(['clientStream', 'serverStream', 'bidi'] as const)('ends it, %s', async (kind) => {
    const options = { deadline: Date.now() + SOON_MS };
    const steps = [reply('1'), reply('2'), hold];
    const heard = await new Conversation(group().client, kind, [{ steps }], { options, open: true }).ended;
    expect(statusOf(heard).code).toBe(Status.DEADLINE_EXCEEDED);
  });
});
