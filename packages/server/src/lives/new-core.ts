/** Makes the core of one life of a replica, with the ports, settings and secrets that it needs. */
import { createHash, randomBytes } from 'node:crypto';
import { realOf, wallMs } from '@understudy/context';
import type { Member } from '@understudy/core';
import { type OnOtherState, Replica, type RunningDigest } from '@understudy/core/internal';
import { bodyDigest } from '@understudy/wire';
import { noSuchMethod, outcomeOf } from '../handlers/status.js';
import type { LifeSetup } from './life-setup.js';
import { AesOrderSeal } from './order-seal.js';

const SECRET_BYTES = 32;
const NO_SECRETS: readonly Uint8Array[] = [];

function sha256(): RunningDigest {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), end: () => hash.digest('hex') };
}

/**
 * A state source that does not say whether its copies are canonical leaves open whether a difference is real. Restoring
 * heals a real one, and doing it only once keeps a replica in the group whose copies always differ.
 */
function onOtherState({ state: { canonical }, divergences }: LifeSetup): OnOtherState {
  if (canonical === undefined) return divergences.restored ? 'tell' : 'restore';
  return canonical ? 'restore' : 'ignore';
}

/** Makes the core of a life, with what it needs of its surroundings. */
export function newCore(setup: LifeSetup, member: Member, fresh: boolean, delegates: boolean): Replica {
  const { address, peerAddress, config, interceptors, registry, trust } = setup;
  return new Replica({
    member,
    address,
    ...(peerAddress !== undefined && { peerAddress }),
    config,
    version: setup.version,
    refusesMethod: (path) => (registry.get(path) === undefined ? outcomeOf(noSuchMethod(path)) : undefined),
    admits: interceptors.length > 0,
    digestBody: bodyDigest,
    newDigest: sha256,
    onOtherState: onOtherState(setup),
    copyCost: setup.state.trialCost,
    declaresReadOnly: (path) => registry.get(path)?.readOnly === true,
    seal: new AesOrderSeal({ group: config.group, secrets: (afresh) => trust.secret?.ofOrders(afresh) ?? NO_SECRETS }),
    newSecret: realOf(randomBytes)(SECRET_BYTES).toString('base64'),
    wallClock: wallMs,
    ...(setup.clock !== undefined && { orderClock: setup.clock }),
    criteria: setup.criteria,
    fresh,
    delegates,
    every: setup.timers.periods,
    mayArm: setup.inGlobals,
  });
}
