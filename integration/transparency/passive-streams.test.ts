import { status as Status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { Conversation, hear, statusOf, textsOf } from './conversation.js';
import { deployments, type Running } from './deployment.js';
import { reply } from './script.js';

const BACKLOG_MAX = 64;
const settings = { replication: 'passive', backlogMax: BACKLOG_MAX };

const started: Running[] = [];
afterEach(() => Promise.all(started.splice(0).map((running) => running.stop())));

describe.each(deployments.filter(({ replicated }) => replicated))('a passive group, %s', (deployment) => {
  it('ends a stream when a successor would have too much to replay, and copies its state', async () => {
    const running = await deployment.start({ settings });
    started.push(running);
    const sent = Array.from({ length: 2 * BACKLOG_MAX }, (_, i) => `${i + 1}`);
    const requests = sent.map((name) => ({ name, steps: [reply(name)] }));
    const heard = await new Conversation(running.client, 'bidi', requests, { open: true }).ended;
    const { code, details, metadata } = statusOf(heard);
    expect(code).toBe(Status.RESOURCE_EXHAUSTED);
    expect(details).toContain('UNDERSTUDY_BACKLOG');
    expect(metadata['understudy-code']).toEqual(['UNDERSTUDY_BACKLOG']);
    expect(metadata['understudy-may-have-taken-effect']).toEqual(['true']);
    const answered = textsOf(heard);
    expect(answered).toEqual(sent.slice(0, answered.length));
    const { performed } = running.serving.script;
    expect(performed).toEqual(sent.slice(0, performed.length));
    expect(performed.length).toBeGreaterThanOrEqual(answered.length);

    const before = running.serving;
    await before.leave();
    expect(textsOf(await hear(running.client, 'bidi', [{ name: 'next', steps: [reply('next')] }]))).toEqual(['next']);
    expect(running.serving).not.toBe(before);
    expect(running.serving.script.performed).toEqual([...performed, 'next']);
  });
});
