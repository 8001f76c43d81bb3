import { expect, it } from 'vitest';
import { parseServiceConfig } from '../../config/service-config.js';
import type { HelloFrame } from '../../model/frames.js';
import {
  type ConnectionId,
  connectionId,
  type Incarnation,
  type LinkId,
  NO_SEQ,
  NO_TERM,
  type ReplicaId,
} from '../../model/ids.js';
import { digestBody } from '../../testing/text.js';
import { SECRET } from '../../testing/world/identity.js';
import { virtualSeal } from '../../testing/world/virtual-seal.js';
import { Replica } from '../replica.js';

const member = { id: 'S1' as ReplicaId, incarnation: '1'.repeat(32) as Incarnation };
const link = 1 as LinkId;

function helloWith(connection: ConnectionId) {
  const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'bank' } }] });
  const replica = new Replica({
    member,
    address: 'localhost:1',
    config,
    admits: false,
    digestBody,
    seal: virtualSeal,
    newSecret: SECRET,
  });
  const heard = { term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 0 };
  const frame: HelloFrame = { kind: 'hello', group: 'bank', connection, fresh: true, settings: 0, ...heard };
  return replica.step({ kind: 'sessionFrame', link, peer: 'localhost:2', frame }, 0);
}

const refused = expect.objectContaining({
  kind: 'sendToSession',
  frame: expect.objectContaining({ kind: 'refused', code: 'UNDERSTUDY_MALFORMED' }),
});

it.each(['plain', 'group'] as const)(
  'a hello with the connection of %s calls is refused, and its link closed',
  (kind) => {
    const effects = helloWith(connectionId(kind, '2'.repeat(32)));
    expect(effects).toContainEqual(refused);
    expect(effects).toContainEqual({ kind: 'closeSession', link });
  },
);

it('a hello with the connection of a session is welcomed', () => {
  expect(helloWith(connectionId('session', '2'.repeat(32)))).not.toContainEqual(refused);
});
