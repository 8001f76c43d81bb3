import { status as Status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { hear, statusOf } from './conversation.js';
import { deployments, kindsOf, use } from './deployment.js';
import { end, reply } from './script.js';

const retryPolicy = {
  maxAttempts: 3,
  initialBackoff: '0.001s',
  maxBackoff: '0.001s',
  backoffMultiplier: 1,
  retryableStatusCodes: ['ABORTED'],
};

describe.each(deployments)('the retryPolicy of a methodConfig, %s', (deployment) => {
  const group = use(deployment);

  // A replicated call takes effect once, so a retry is answered with the same reply.
  it.each(kindsOf(deployment))('makes a refused call be performed again, unless it is replicated, %s', async (kind) => {
    const client = group().connect({ methodConfig: [{ name: [{ service: 'transparency.v1.Script' }], retryPolicy }] });
    const refused = { name: `${kind} refused`, steps: [end({ code: Status.ABORTED, details: 'not now' })] };
    const heard = await hear(client, kind, [refused]);
    expect(statusOf(heard)).toMatchObject({ code: Status.ABORTED, details: 'not now' });
    const performed = group().serving.script.performed.filter((name) => name === refused.name);
    expect(performed).toHaveLength(deployment.replicated ? 1 : retryPolicy.maxAttempts);
    expect(statusOf(await hear(client, kind, [{ steps: [reply('x')] }])).code).toBe(Status.OK);
  });
});
