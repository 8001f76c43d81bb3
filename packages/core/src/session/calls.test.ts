import { describe, expect, it } from 'vitest';
import { parseServiceConfig } from '../config/service-config.js';
import type { ReplicaHeader } from '../model/frames.js';
import {
  type CallId,
  connectionId,
  type Epoch,
  type Incarnation,
  NO_ORDER,
  type OrderNum,
  type ReplicaId,
  type SeqNum,
  type Term,
} from '../model/ids.js';
import { type Outcome, VOIDED } from '../model/outcome.js';
import { RETAINED_MAX, UNREACHABLE_AFTER_MS } from './calls.js';
import type { SessionEffect } from './events.js';
import { Session } from './session.js';

const replica = { id: 'S1' as ReplicaId, incarnation: '0'.repeat(32) as Incarnation };
const view = {
  term: 1 as Term,
  epoch: 1 as Epoch,
  primary: replica.id,
  inSync: [replica],
  addresses: [''],
  adoptedThrough: [],
};
const request = { method: '/test.Test/Call', message: new Uint8Array() };

/** A session that has seen its primary, S1, the only replica. */
function sessionWithPrimary(carrier = 'stream'): Session {
  const config = parseServiceConfig({ loadBalancingConfig: [{ understudy: { group: 'test', carrier } }] });
  const session = new Session({ connection: connectionId('session', '1'.repeat(32)), slots: 1, config });
  connect(session, config.sessionMs);
  return session;
}

/** The session's link comes up, and S1 welcomes it. */
function connect(session: Session, sessionMs: number): void {
  session.step({ kind: 'linkUp', slot: 0 }, 0);
  const receivedUpTo = 0 as SeqNum;
  const frame = { kind: 'welcome', replica, view, receivedUpTo, heartbeatMs: 0, reflect: false, sessionMs } as const;
  session.step({ kind: 'frame', slot: 0, frame }, 0);
}

const call = (session: Session, id: number): readonly SessionEffect[] =>
  session.step({ kind: 'call', call: id as CallId, request, readOnly: false }, 0);

const outcome: Outcome = { kind: 'reply', code: 0, details: '' };

/** S1 answers all requests up to this number, with stable replies. */
function answer(session: Session, upTo: number, nowMs: number): void {
  const header = { term: view.term, sourceOrderInfo: [], stableUpTo: upTo as OrderNum, heartbeatMs: 0 };
  const replies = Array.from({ length: upTo }, (_, index) => {
    return { seqNum: (index + 1) as SeqNum, outcome, stable: true, orderNum: NO_ORDER };
  });
  session.step({ kind: 'frame', slot: 0, frame: { kind: 'replies', header, replies, reads: [], items: [] } }, nowMs);
}

describe('a session with more calls than it may retain', () => {
  it('does not take its primary for lost while calls wait for room', () => {
    const session = sessionWithPrimary();
    for (let id = 1; id <= RETAINED_MAX + 1; id++) call(session, id);
    expect(session.status.retained).toBe(RETAINED_MAX);
    answer(session, RETAINED_MAX, 1);
    expect(session.status.retained).toBe(1);
    expect(session.step({ kind: 'tick' }, 2 * UNREACHABLE_AFTER_MS)).not.toContainEqual(
      expect.objectContaining({ kind: 'fail' }),
    );
  });

  it('fails all of them if no primary comes for too long', () => {
    const session = sessionWithPrimary();
    for (let id = 1; id <= RETAINED_MAX + 1; id++) call(session, id);
    session.step({ kind: 'linkDown', slot: 0 }, 1);
    const effects = session.step({ kind: 'tick' }, 1 + UNREACHABLE_AFTER_MS);
    const codes = effects.flatMap((effect) => (effect.kind === 'fail' ? effect.code : []));
    expect(codes).toHaveLength(RETAINED_MAX + 1);
    expect(new Set(codes)).toEqual(new Set(['UNDERSTUDY_UNREACHABLE', 'UNDERSTUDY_INDETERMINATE']));
  });
});

describe('a session that learns what is stable before it learns how far the primary adopted', () => {
  const said = (session: Session, header: Partial<ReplicaHeader>): void => {
    const bare = { term: 2 as Term, sourceOrderInfo: [], stableUpTo: 0 as OrderNum, heartbeatMs: 0 };
    const frame = { kind: 'replies', header: { ...bare, ...header }, replies: [], reads: [], items: [] } as const;
    session.step({ kind: 'frame', slot: 0, frame }, 1);
  };

  it.each([
    { through: 0, retained: 1, what: 'keeps the body of a request whose order was cut' },
    { through: 1, retained: 0, what: 'releases the body of a request whose order was adopted' },
  ])('$what', ({ through, retained }) => {
    const session = sessionWithPrimary();
    call(session, 1);
    const replies = [{ seqNum: 1 as SeqNum, outcome, stable: false, orderNum: 1 as OrderNum }];
    const header = { term: view.term, sourceOrderInfo: [], stableUpTo: 0 as OrderNum, heartbeatMs: 0 };
    session.step({ kind: 'frame', slot: 0, frame: { kind: 'replies', header, replies, reads: [], items: [] } }, 1);
    said(session, { stableUpTo: 1 as OrderNum });
    expect(session.status.retained).toBe(1);
    const adoptedThrough = [{ term: 2 as Term, through: through as OrderNum }];
    said(session, { view: { ...view, term: 2 as Term, epoch: 2 as Epoch, adoptedThrough } });
    expect(session.status.retained).toBe(retained);
  });
});

describe('a stream whose opening was voided while the link was down', () => {
  it('is opened again under a new number, and the session does not ask about the old one', () => {
    const session = sessionWithPrimary();
    session.step({ kind: 'openStream', call: 1 as CallId, request }, 0);
    session.step({ kind: 'flush' }, 0);
    session.step({ kind: 'linkDown', slot: 0 }, 0);
    connect(session, 900);
    const header = { term: view.term, sourceOrderInfo: [], stableUpTo: 0 as OrderNum, heartbeatMs: 0 };
    const replies = [{ seqNum: 1 as SeqNum, outcome: VOIDED, stable: true, orderNum: NO_ORDER }];
    session.step({ kind: 'frame', slot: 0, frame: { kind: 'replies', header, replies, reads: [], items: [] } }, 0);
    const frames = session.step({ kind: 'flush' }, 0).flatMap((effect) => (effect.kind === 'send' ? effect.frame : []));
    expect(frames).toMatchObject([{ kind: 'multicast', requests: [{ seqNum: 2 }], streams: [] }]);
  });
});

describe('a call whose RPC broke', () => {
  const broken = (session: Session, unsuited: boolean): readonly SessionEffect[] => {
    session.step({ kind: 'rpcBroken', call: 1 as CallId, reason: 'broken', unsuited }, 0);
    session.step({ kind: 'tick' }, 1);
    return session.step({ kind: 'flush' }, 1);
  };
  const kinds = (effects: readonly SessionEffect[]) => effects.map(({ kind }) => kind);

  it.each([false, true])('is sent again, by frame if it is unsuited for an RPC (read-only: %s)', (readOnly) => {
    for (const unsuited of [false, true]) {
      const session = sessionWithPrimary('rpc');
      expect(kinds(session.step({ kind: 'call', call: 1 as CallId, request, readOnly }, 0))).toContain('invoke');
      const effects = broken(session, unsuited);
      expect(kinds(effects).includes('invoke')).toBe(!unsuited);
      const frames = effects.flatMap((effect) => (effect.kind === 'send' ? effect.frame : []));
      const carried = frames.flatMap((frame) =>
        frame.kind === 'multicast' ? [...frame.requests, ...frame.reads] : [],
      );
      expect(carried.map((each) => each.request)).toEqual(unsuited ? [request] : []);
    }
  });
});
