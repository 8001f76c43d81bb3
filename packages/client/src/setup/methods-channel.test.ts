import { type CallOptions, type Client, credentials, status as Status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { otherGrpc } from '../../../server/src/testing/other-grpc.js';
import { ask, EchoClient, echoDefinition, echoing, serviceConfig } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';
import { type MethodsChannel, replicatedChannel } from './methods-channel.js';
import { replicated, understudyClient } from './replicated.js';

describe('a client that was given a replicated channel', () => {
  let group: ScriptedGroup;
  let channel: MethodsChannel;
  let client: Client;
  let answers: boolean;

  beforeEach(async () => {
    answers = true;
    group = await ScriptedGroup.start(3, (request) => (answers ? echoing(request) : undefined));
    channel = replicatedChannel(group.target, credentials.createInsecure(), { serviceConfig });
    client = new EchoClient('', credentials.createInsecure(), { channelOverride: channel }) as unknown as Client;
  });
  afterEach(async () => {
    await understudyClient(channel).close();
    group.stop();
  });

  it('makes calls that the next primary answers', async () => {
    channel.know(Object.values(echoDefinition));
    expect((await ask(client, 'x')).value).toBe('x');
    answers = false;
    const open = ask(client, 'y');
    await group.replicas[0]?.until(() => group.held.length === 1);
    answers = true;
    group.replicas[0]?.stop();
    group.promote(1);
    expect((await open).value).toBe('y');
    expect(understudyClient(channel).status()).toMatchObject({ term: 2, openCalls: 0 });
  });

  it('is told to call know() if the channel does not know the method', async () => {
    expect((await ask(client, 'x')).error?.details).toMatch(/UNDERSTUDY_SETUP.*know\(\)/);
  });

  it('cancels calls and keeps their deadlines', async () => {
    channel.know(Object.values(echoDefinition));
    answers = false;
    const cancelled = await ask(client, 'x', { made: (call) => call.cancel() });
    expect(cancelled.error?.code).toBe(Status.CANCELLED);
    const options: CallOptions = { deadline: Date.now() + 20 };
    expect((await ask(client, 'x', { options })).error?.code).toBe(Status.DEADLINE_EXCEEDED);
  });
});

describe('credentials of another copy of grpc-js', () => {
  it('are refused when a client or a channel is made, with a sentence that says to run npm dedupe', () => {
    const { grpc, remove } = otherGrpc();
    const theirs = grpc.credentials.createInsecure();
    const make = () => new grpc.Client('understudy:///127.0.0.1:1', theirs, replicated({ serviceConfig }));
    expect(make).toThrow(/UNDERSTUDY_SETUP.*npm dedupe/);
    const channel = () => replicatedChannel('understudy:///127.0.0.1:1', theirs, { serviceConfig });
    expect(channel).toThrow(/UNDERSTUDY_SETUP.*npm dedupe/);
    remove();
  });
});
