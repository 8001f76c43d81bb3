import { type Client, type ClientOptions, Metadata, status as Status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerUnderstudy } from '../setup/registration.js';
import { ask, connectTo, serviceConfig } from '../testing/echo.js';
import { RpcGroup } from '../testing/rpc-replica.js';

/** Options of a client that has only the target scheme and the policy, without our interceptor. */
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

describe('the load-balancing policy without our interceptor', () => {
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

  it.each([0, 1, 2])('finds the primary in slot %i from the refusals of the other replicas', async (primary) => {
    group.primary = primary;
    const refusals = (): number => group.replicas.reduce((sum, { refused }) => sum + refused, 0);
    const answered = (): number | undefined => group.replicas[primary]?.answered;
    let calls = 0;
    const call = async (): Promise<void> => {
      expect((await ask(client, 'x')).value).toBe('x');
      expect(answered()).toBe(++calls);
    };
    // As long as only the primary is connected, no refusal can tell that it is the primary.
    do await call();
    while (primary !== 0 && refusals() === 0);
    const before = refusals();
    for (let i = 0; i < 4; i++) await call();
    // While the primary is not yet connected, several others may refuse; who was found once is asked first.
    expect(refusals()).toBe(before);
  });

  it('tries the other replicas in turn when a refusal does not name the primary', async () => {
    group.tells = false;
    group.primary = 2;
    expect((await ask(client, 'x')).value).toBe('x');
  });

  it('sends calls to the new primary after a change', async () => {
    expect((await ask(client, 'x')).value).toBe('x');
    group.primary = 1;
    expect((await ask(client, 'y')).value).toBe('y');
    expect(group.replicas[1]?.answered).toBe(1);
  });

  it('sends calls to another replica when the primary dies', async () => {
    expect((await ask(client, 'x')).value).toBe('x');
    group.primary = 2;
    group.replicas[0]?.server.forceShutdown();
    const metadata = new Metadata({ waitForReady: true });
    expect((await ask(client, 'y', { metadata })).value).toBe('y');
    expect(group.replicas[2]?.answered).toBe(1);
  });

  it('fails a call and says why when no replica can be reached', async () => {
    group.stop();
    const { error } = await ask(client, 'x');
    expect(error?.code).toBe(Status.UNAVAILABLE);
    expect(error?.details).toMatch(/no replica can be reached|ECONNREFUSED/);
  });

  it("makes the client's constructor throw for a wrong target", () => {
    expect(() => connectTo('understudy:///', plainOptions)).toThrow('UNDERSTUDY_CONFIG');
  });
});
