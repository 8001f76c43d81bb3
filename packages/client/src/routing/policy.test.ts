import { type Client, type ClientOptions, Metadata, status as Status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerUnderstudy } from '../setup/registration.js';
import { ask, connectTo, serviceConfig } from '../testing/echo.js';
import { RpcGroup } from '../testing/rpc-replica.js';

/** A client that has no more than the target scheme and the policy: no interceptor of ours. */
const plainOptions: ClientOptions = {
  'grpc.service_config': JSON.stringify({
    ...serviceConfig,
    methodConfig: [
      {
        name: [{ service: 'test.Echo' }],
        retryPolicy: {
          maxAttempts: 5,
          initialBackoff: '0.01s',
          maxBackoff: '0.1s',
          backoffMultiplier: 2,
          retryableStatusCodes: ['ABORTED'],
        },
      },
    ],
  }),
  'grpc.initial_reconnect_backoff_ms': 50,
};

describe('the policy, for a client without our interceptor', () => {
  let group: RpcGroup;
  let client: Client;
  beforeEach(async () => {
    registerUnderstudy();
    group = await RpcGroup.start(3);
    client = connectTo(group.target, plainOptions);
  });
  afterEach(() => {
    client.close();
    group.stop();
  });

  it.each([0, 1, 2])('finds the primary in place %i by the refusals of the others', async (primary) => {
    group.primary = primary;
    for (let i = 0; i < 5; i++) expect((await ask(client, 'x')).value).toBe('x');
    expect(group.replicas[primary]?.answered).toBe(5);
    const refusals = group.replicas.reduce((sum, { refused }) => sum + refused, 0);
    expect(refusals).toBeLessThanOrEqual(1);
  });

  it('tries the others in turn when a refusal does not say who is primary', async () => {
    group.tells = false;
    group.primary = 2;
    expect((await ask(client, 'x')).value).toBe('x');
  });

  it('follows the primary when it changes', async () => {
    expect((await ask(client, 'x')).value).toBe('x');
    group.primary = 1;
    expect((await ask(client, 'y')).value).toBe('y');
    expect(group.replicas[1]?.answered).toBe(1);
  });

  it('goes to another replica when the primary dies', async () => {
    expect((await ask(client, 'x')).value).toBe('x');
    group.primary = 2;
    group.replicas[0]?.server.forceShutdown();
    const metadata = new Metadata({ waitForReady: true });
    expect((await ask(client, 'y', { metadata })).value).toBe('y');
    expect(group.replicas[2]?.answered).toBe(1);
  });

  it('fails when nobody can be reached, and says why', async () => {
    group.stop();
    const { error } = await ask(client, 'x');
    expect(error?.code).toBe(Status.UNAVAILABLE);
    expect(error?.details).toMatch(/no replica can be reached|ECONNREFUSED/);
  });

  it('refuses a wrong target when the client is made', () => {
    expect(() => connectTo('understudy:///', plainOptions)).toThrow('UNDERSTUDY_CONFIG');
  });
});
