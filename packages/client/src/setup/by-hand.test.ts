import { Channel, type Client, credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, connectTo, EchoClient, echoing, serviceConfig } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';
import { replicated, understudyClient } from './replicated.js';

describe('a channel without the client for which replicated() made its options', () => {
  let group: ScriptedGroup;
  beforeEach(async () => {
    group = await ScriptedGroup.start(1, echoing);
  });
  afterEach(() => group.stop());

  it('throws when it is made by hand, as nice-grpc does', () => {
    const insecure = credentials.createInsecure();
    expect(() => new Channel(group.target, insecure, replicated({ serviceConfig }))).toThrow('UNDERSTUDY_SETUP');
  });

  it('refuses calls of another client, which would not be replicated', async () => {
    const client = connectTo(group.target, replicated({ serviceConfig }));
    const other = new EchoClient('', credentials.createInsecure(), { channelOverride: client.getChannel() });
    expect((await ask(client, 'x')).value).toBe('x');
    expect((await ask(other as unknown as Client, 'x')).error?.details).toMatch(/UNDERSTUDY_SETUP.*bypassed/);
    await understudyClient(client).close();
  });
});
