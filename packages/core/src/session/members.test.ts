import { describe, expect, it } from 'vitest';
import { parseServiceConfig } from '../config/service-config.js';
import { connectionId, type Epoch, type Incarnation, type ReplicaId, type SeqNum, type Term } from '../model/ids.js';
import type { Member } from '../model/record.js';
import type { SessionEffect } from './events.js';
import { Session } from './session.js';

const SESSION_MS = 800;
const member = (id: string): Member => ({
  id: id as ReplicaId,
  incarnation: (id.at(-1) ?? '').repeat(32) as Incarnation,
});
const [S1, S2] = [member('S1'), member('S2')];

function session(slots: number): Session {
  const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'test' } }] });
  return new Session({ connection: connectionId('session', '1'.repeat(32)), slots, config });
}

/** The slot's link comes up, and the replica welcomes it. */
function connect(
  to: Session,
  slot: number,
  replica: Member,
  nowMs = 0,
  inSync = [S1, S2],
  epoch = inSync.length,
): readonly SessionEffect[] {
  to.step({ kind: 'linkUp', slot }, nowMs);
  const view = {
    ...{ term: 1 as Term, epoch: epoch as Epoch, primary: S1.id, inSync, adoptedThrough: [] },
    addresses: ['one:1', 'two:2'].slice(0, inSync.length),
  };
  return to.step(
    {
      kind: 'frame',
      slot,
      frame: {
        ...{ kind: 'welcome', replica, view, receivedUpTo: 0 as SeqNum, heartbeatMs: 0, reflect: false },
        sessionMs: SESSION_MS,
      },
    },
    nowMs,
  );
}

const kinds = (effects: readonly SessionEffect[]) => effects.filter(({ kind }) => kind !== 'log');

describe('two addresses that lead to one replica', () => {
  it('share one link, the newest', () => {
    const it = session(2);
    expect(kinds(connect(it, 0, S1))).toEqual([{ kind: 'primary', slot: 0, replica: 'S1' }]);
    expect(kinds(connect(it, 1, S1))).toEqual([
      { kind: 'park', slot: 0 },
      { kind: 'primary', slot: 1, replica: 'S1' },
    ]);
    expect(it.status.primary).toBe(1);
  });

  it('share one link even if the replica ended the first before it welcomed the second', () => {
    const it = session(2);
    connect(it, 0, S1);
    it.step({ kind: 'linkDown', slot: 0 }, 0);
    expect(kinds(connect(it, 1, S1))).toContainEqual({ kind: 'park', slot: 0 });
  });

  it('are both dialled when that link breaks', () => {
    const it = session(2);
    connect(it, 0, S1);
    connect(it, 1, S1);
    expect(kinds(it.step({ kind: 'linkDown', slot: 0 }, 0))).toEqual([]);
    expect(kinds(it.step({ kind: 'linkDown', slot: 1 }, 0))).toEqual([{ kind: 'reconnect', slot: 0 }]);
    expect(kinds(connect(it, 0, S1))).toContainEqual({ kind: 'park', slot: 1 });
  });
});

describe('a member that no link leads to', () => {
  const unreached = { kind: 'unreached', addresses: ['two:2'], members: ['one:1', 'two:2'] };

  it('is looked for at the address that the group has for it, and again after a while', () => {
    const it = session(2);
    connect(it, 0, S1);
    expect(kinds(it.step({ kind: 'tick' }, 0))).toEqual([]);
    expect(kinds(it.step({ kind: 'tick' }, SESSION_MS / 8))).toEqual([unreached]);
    expect(kinds(it.step({ kind: 'tick' }, SESSION_MS / 8 + 1))).toEqual([]);
    expect(kinds(it.step({ kind: 'tick' }, SESSION_MS * 3))).toEqual([unreached]);
  });

  it('is looked for at once when each address of the target has led to another one', () => {
    const alone = session(1);
    connect(alone, 0, S1);
    expect(kinds(alone.step({ kind: 'tick' }, 0))).toEqual([unreached]);
    expect(kinds(alone.step({ kind: 'tick' }, SESSION_MS / 8))).toEqual([]);
    const two = session(2);
    connect(two, 0, S1);
    expect(kinds(two.step({ kind: 'tick' }, 0))).toEqual([]);
    connect(two, 1, S1, 1);
    expect(kinds(two.step({ kind: 'tick' }, 1))).toEqual([unreached]);
  });

  it('is looked for at once when it is new in the view, since the others may be gone before long', () => {
    const it = session(1);
    connect(it, 0, S1, 0, [S1]);
    it.step({ kind: 'tick' }, 0);
    connect(it, 0, S1, 1, [S1, S2]);
    expect(kinds(it.step({ kind: 'tick' }, 1))).toEqual([unreached]);
    expect(kinds(it.step({ kind: 'tick' }, 2))).toEqual([]);
  });

  it('is looked for after a moment when its link broke, and at once in its next life', () => {
    const it = session(2);
    connect(it, 0, S1);
    connect(it, 1, S2);
    it.step({ kind: 'tick' }, 0);
    it.step({ kind: 'linkDown', slot: 1 }, 1);
    expect(kinds(it.step({ kind: 'tick' }, 1))).toEqual([]);
    expect(kinds(it.step({ kind: 'tick' }, 100))).toEqual([]);
    expect(kinds(it.step({ kind: 'tick' }, 101))).toEqual([unreached]);
    const next = { ...S2, incarnation: '3'.repeat(32) as Incarnation };
    connect(it, 0, S1, 102, [S1, next], 3);
    expect(kinds(it.step({ kind: 'tick' }, 102))).toEqual([unreached]);
  });

  it('is looked for no more when a link of a slot that was added leads to it', () => {
    const it = session(2);
    connect(it, 0, S1);
    it.step({ kind: 'tick' }, 0);
    it.step({ kind: 'slotAdded' }, 0);
    expect(kinds(connect(it, 2, S2, 1))).toEqual([]);
    expect(kinds(it.step({ kind: 'tick' }, SESSION_MS / 8))).toEqual([]);
  });
});
