/** Checks the options of `createReplica`, so that a misspelt or impossible one is an error at once. */
import { didYouMean } from '@understudy/core/internal';
import { setupError } from '../checks/setup-error.js';
import type { ReplicaServerOptions, StartOptions } from './options.js';

interface Kind {
  readonly is: (value: unknown) => boolean;
  /** Completes "it must be …". */
  readonly must: string;
}

/** Longer waits cannot be set as timers. */
const MS_MAX = 2 ** 31 - 1;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const TEXT: Kind = { is: (value) => typeof value === 'string', must: 'a text' };
const FLAG: Kind = { is: (value) => typeof value === 'boolean', must: 'true or false, without quotes' };
const FUNCTION: Kind = { is: (value) => typeof value === 'function', must: 'a function' };
const OBJECT: Kind = { is: isObject, must: 'an object' };
const MS: Kind = {
  is: (value) => typeof value === 'number' && value >= 0 && value <= MS_MAX,
  must: `a number of milliseconds from 0 to ${MS_MAX}`,
};
const TEXTS: Kind = {
  is: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  must: 'a list of texts',
};
const NAME: Kind = {
  // Control characters would steer terminals and logs.
  is: (value) => typeof value === 'string' && /^[^\p{Cc}]{1,512}$/u.test(value) && value.trim() === value,
  must: 'a name of 1 to 512 characters, without control characters and without blanks at its ends',
};
const COORDINATOR: Kind = {
  is: (value) => typeof value === 'function',
  must: "what etcd({…}) or embeddedCoordinator('…') returns",
};
const LOGGER: Kind = {
  is: (value) => value === 'none' || (isObject(value) && typeof (value as { log?: unknown }).log === 'function'),
  must: "'none', or an object with a function log(level, event, fields)",
};
/** Options that are checked elsewhere, where the error can say more. */
const ANYTHING: Kind = { is: () => true, must: '' };
const oneOf = (...words: readonly string[]): Kind => ({
  is: (value) => words.includes(value as string),
  must: words.map((word) => `'${word}'`).join(' or '),
});

const KINDS: Readonly<Record<keyof ReplicaServerOptions, Kind>> = {
  group: TEXT,
  replicaId: NAME,
  address: TEXT,
  coordinator: COORDINATOR,
  state: ANYTHING,
  version: TEXT,
  serviceConfig: ANYTHING,
  logger: LOGGER,
  unreplicated: TEXTS,
  peerAddress: TEXT,
  peerListen: TEXT,
  livenessAddress: { is: (value) => value === false || typeof value === 'string', must: 'host:port, or false' },
  endsBlocked: FLAG,
  peerServerCredentials: OBJECT,
  peerCredentials: { is: (value) => isObject(value) || typeof value === 'function', must: 'credentials or a function' },
  peerNames: OBJECT,
  operatorNames: TEXTS,
  groupSecret: ANYTHING,
  insecurePeers: FLAG,
  callerSecrets: OBJECT,
  handleSignals: FLAG,
  uncaught: oneOf('contain', 'exit'),
  tracing: OBJECT,
  handOverMs: MS,
  startTimeoutMs: MS,
  development: FLAG,
  health: FLAG,
  effectWarnings: FLAG,
  determinism: oneOf('patch', 'api'),
  admits: FUNCTION,
  compares: FUNCTION,
  onServing: FUNCTION,
  onFatal: FUNCTION,
};

/** Options without a default. `address` may be given to `start`, and `state` has an error of its own. */
const REQUIRED: readonly (keyof ReplicaServerOptions)[] = ['replicaId', 'coordinator'];

/** @throws UNDERSTUDY_SETUP naming the option that cannot be used */
export function checkKinds(options: ReplicaServerOptions): void {
  if (!isObject(options)) throw setupError('createReplica takes an object with the options of the replica');
  checkEach(options, KINDS, 'createReplica');
  for (const name of REQUIRED) {
    if (options[name] === undefined) throw setupError(`the option ${name} is missing; it must be ${KINDS[name].must}`);
  }
}

/** @throws UNDERSTUDY_SETUP naming the option of `start` that cannot be used */
export function checkStartOptions(options: StartOptions): void {
  const known: Readonly<Record<keyof StartOptions, Kind>> = { address: TEXT, timeoutMs: MS, signal: OBJECT };
  checkEach(options, known, 'start');
}

function checkEach(options: object, kinds: Readonly<Record<string, Kind>>, of: string): void {
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const near = didYouMean(name, Object.keys(kinds));
      throw setupError(`${of} has no option ${JSON.stringify(name.slice(0, 60))}${near}`);
    }
    if (value === undefined || kind.is(value)) continue;
    throw setupError(`the option ${name} is ${shown(value)}; it must be ${kind.must}`);
  }
}

/** Names a value without showing its contents, which may be secret. */
function shown(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 60 ? `a text of ${value.length} characters` : JSON.stringify(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
