import { describe, expect, it } from 'vitest';
import type { GroupConfig } from '../../config/config.js';
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
import { VIRTUAL_PORTS } from '../../testing/world/virtual-ports.js';
import { Replica } from '../replica.js';

const member = { id: 'S1' as ReplicaId, incarnation: '1'.repeat(32) as Incarnation };
const link = 1 as LinkId;

const replicaOf = (config: GroupConfig) =>
  new Replica({
    member,
    address: 'localhost:1',
    config,
    admits: false,
    ...VIRTUAL_PORTS,
    wallClock: () => 0,
  });

function helloWith(connection: ConnectionId) {
  const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'bank' } }] });
  const replica = replicaOf(config);
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

describe('where few sessions have room', () => {
  const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'bank', sessionsMax: 8 } }] });

  /** Says hello once from each address. @returns for each whether it was welcomed, or why not */
  function answers(...peers: readonly string[]): readonly string[] {
    const replica = replicaOf(config);
    const heard = { term: NO_TERM, repliesSeenUpTo: NO_SEQ, sentAtMs: 0 };
    return peers.map((peer, i) => {
      const connection = connectionId('session', `${i}`.padStart(32, '0'));
      const frame: HelloFrame = { kind: 'hello', group: 'bank', connection, fresh: true, settings: 0, ...heard };
      const effects = replica.step({ kind: 'sessionFrame', link: (i + 1) as LinkId, peer, frame }, 0);
      const said = effects.find((effect) => effect.kind === 'sendToSession')?.frame;
      return said?.kind === 'refused' ? `${said.code}: ${said.reason}` : (said?.kind ?? 'nothing');
    });
  }

  const times = (count: number, peer: string): string[] => Array.from({ length: count }, () => peer);
  const welcomes = (count: number): string[] => times(count, 'welcome');

  it('one connection gets half of it, and the next one is welcomed', () => {
    const refused = 'UNDERSTUDY_OVERLOADED: this connection has 4 sessions here already; sessionsMax is 8';
    expect(answers(...times(6, '10.0.0.1:1'), '10.0.0.1:2')).toEqual([...welcomes(4), refused, refused, 'welcome']);
  });

  it('one address gets three quarters of it, whatever its ports, and others are welcomed', () => {
    const ports = Array.from({ length: 7 }, (_, i) => `[::1]:${i}`);
    const refused = 'UNDERSTUDY_OVERLOADED: this address has 6 sessions here already; sessionsMax is 8';
    expect(answers(...ports, '10.0.0.1:1')).toEqual([...welcomes(6), refused, 'welcome']);
  });

  it('all addresses together get all of it', () => {
    const hosts = Array.from({ length: 9 }, (_, i) => `10.0.0.${i}:1`);
    const refused = 'UNDERSTUDY_OVERLOADED: this replica serves 8 sessions already; sessionsMax is 8';
    expect(answers(...hosts)).toEqual([...welcomes(8), refused]);
  });
});
