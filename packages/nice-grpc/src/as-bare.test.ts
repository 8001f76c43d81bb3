import { understudyClient } from '@understudy/client';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import {
  type CallOptions,
  type Client,
  ClientError,
  type ClientMiddleware,
  createChannel,
  createServer,
  Metadata,
  ServerError,
  type ServerMiddleware,
  Status,
} from 'nice-grpc';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createClientFactory,
  createReplicatedChannel,
  createReplicatedServer,
  type ReplicatedServer,
} from './index.js';
import { Vault, VaultDefinition } from './testing/vault.js';

/** Generous, because it ends as soon as what is waited for is so. */
const WAIT = { timeout: 30_000 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  vi.restoreAllMocks();
});

/** Refuses some callers, and adds to what all others get. */
const guarded: ServerMiddleware = async function* guarded(call, context) {
  if (context.metadata.get('who') === 'mallory') throw new ServerError(Status.PERMISSION_DENIED, 'not you');
  context.trailer.set('guarded', call.method.path);
  if (!call.responseStream) return yield* call.next(call.request, context);
  for await (const response of call.next(call.request, context)) yield response;
};

/** Ends calls after a while, as nice-grpc's own package for deadlines does. */
const deadline: ClientMiddleware<{ withinMs?: number }> = async function* deadline(call, { withinMs, ...options }) {
  if (withinMs === undefined) return yield* call.next(call.request, options);
  const aborting = new AbortController();
  const timer = setTimeout(() => aborting.abort(), withinMs);
  try {
    return yield* call.next(call.request, { ...options, signal: aborting.signal });
  } catch (error) {
    throw aborting.signal.aborted
      ? new ClientError(call.method.path, Status.DEADLINE_EXCEEDED, 'Deadline exceeded')
      : error;
  } finally {
    clearTimeout(timer);
  }
};

type VaultClient = Client<typeof VaultDefinition, { withinMs?: number }>;
const factory = () => createClientFactory().use(deadline);

interface Running {
  readonly client: VaultClient;
  readonly vaults: readonly Vault[];
  readonly servers: readonly ReplicatedServer[];
}

async function startBare(): Promise<Running> {
  const vault = new Vault();
  const server = createServer().use(guarded);
  server.add(VaultDefinition, vault);
  const port = await server.listen('127.0.0.1:0');
  closers.push(() => server.forceShutdown());
  const channel = createChannel(`127.0.0.1:${port}`);
  closers.push(() => channel.close());
  return { client: factory().create(VaultDefinition, channel), vaults: [vault], servers: [] };
}

async function startGroup(carrier: 'stream' | 'rpc'): Promise<Running> {
  const serviceConfig = {
    loadBalancingConfig: [
      {
        understudy: {
          ...{ group: 'vault', leaseMs: 300, carrier },
          methods: [{ name: [{ service: 'vault.v1.Vault', method: 'Hold' }], waitsForOthers: true }],
        },
      },
    ],
  };
  const coordinator = memoryCoordinator();
  const vaults: Vault[] = [];
  const servers: ReplicatedServer[] = [];
  const addresses: string[] = [];
  for (const replicaId of ['vault-1', 'vault-2']) {
    const vault = new Vault();
    const options = { replicaId, coordinator, serviceConfig, state: vault };
    const server = createReplicatedServer({ ...options, logger: 'none', handleSignals: false }).use(guarded);
    server.add(VaultDefinition, vault);
    addresses.push(`127.0.0.1:${await server.listen('127.0.0.1:0')}`);
    closers.push(() => server.shutdown());
    vaults.push(vault);
    servers.push(server);
  }
  const channel = createReplicatedChannel(`understudy:///${addresses.join(',')}`, undefined, { serviceConfig });
  closers.push(() => understudyClient(channel).close());
  return { client: factory().create(VaultDefinition, channel), vaults, servers };
}

interface Heard {
  readonly replies: unknown[];
  readonly header?: unknown;
  readonly trailer?: unknown;
  readonly error?: unknown;
}

/** Names that only one of the two ways adds. */
const OWN = /^(understudy-|date$|content-type$|grpc-server-stats-bin$)/;
const shown = (metadata: Metadata): unknown =>
  [...metadata].filter(([key]) => !OWN.test(key)).map(([key, values]) => [key, values.map(String)]);

async function hear(
  call: (options: CallOptions & { withinMs?: number }) => Promise<unknown> | AsyncIterable<unknown>,
  options: CallOptions & { withinMs?: number } = {},
): Promise<Heard> {
  const heard: { -readonly [K in keyof Heard]: Heard[K] } = { replies: [] };
  try {
    const result = call({
      ...options,
      onHeader: (header) => {
        heard.header = shown(header);
      },
      onTrailer: (trailer) => {
        heard.trailer = shown(trailer);
      },
    });
    if (Symbol.asyncIterator in result) for await (const reply of result) heard.replies.push(reply);
    else heard.replies.push(await result);
  } catch (error) {
    const { name, code, details, path } = error as ClientError;
    heard.error = { name, code, details: details?.replace(/; the call .*/, ''), path };
  }
  return heard;
}

async function* coins(owner: string, ...all: number[]): AsyncIterable<{ owner: string; coins: number }> {
  for (const each of all) yield { owner, coins: each };
}

/** Ends a stream from its caller's side, after the first reply. */
async function* first<T>(replies: AsyncIterable<T>, abort: () => void): AsyncIterable<T> {
  for await (const reply of replies) {
    yield reply;
    abort();
  }
}

const from = (who: string): CallOptions => ({
  metadata: Metadata({ who: [who, 'again'], 'seal-bin': new Uint8Array([1, 255]) }),
});

/** A stream of requests that does not end by itself. */
async function* endless(owner: string, signal: AbortSignal): AsyncIterable<{ owner: string; coins: number }> {
  yield { owner, coins: 1 };
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

const CALLS: Readonly<Record<string, (vault: VaultClient) => Promise<Heard>>> = {
  'a call with metadata both ways': (vault) => hear((o) => vault.put({ owner: 'a', coins: 1 }, o), from('alice')),
  'a call without metadata': (vault) => hear((o) => vault.put({ owner: 'a', coins: 2 }, o)),
  'a ServerError': (vault) => hear((o) => vault.put({ owner: 'a', coins: -1 }, o), from('alice')),
  'an error that nobody knows': (vault) => hear((o) => vault.put({ owner: 'a', coins: 13 }, o)),
  'middleware that refuses': (vault) => hear((o) => vault.put({ owner: 'a', coins: 1 }, o), from('mallory')),
  'a server stream': (vault) => hear((o) => vault.list({ owner: 'a', coins: 3 }, o), from('alice')),
  'a server stream with an error behind replies': (vault) => hear((o) => vault.list({ owner: 'nobody', coins: 2 }, o)),
  'a server stream that middleware refuses': (vault) =>
    hear((o) => vault.list({ owner: 'a', coins: 3 }, o), from('mallory')),
  'a client stream': (vault) => hear((o) => vault.putAll(coins('b', 1, 2, 3), o), from('bob')),
  'a client stream with an error': (vault) => hear((o) => vault.putAll(coins('b', 1, -2), o)),
  'a stream of both sides': (vault) => hear((o) => vault.exchange(coins('c', 1, 2, 3), o), from('carol')),
  'a stream of both sides with an error': (vault) => hear((o) => vault.exchange(coins('c', 1, -1), o)),
  'a stream of both sides with an error that nobody knows': (vault) =>
    hear((o) => vault.exchange(coins('c', 1, 13), o)),
  'a signal that was aborted before': (vault) =>
    hear((o) => vault.put({ owner: 'a', coins: 1 }, o), { signal: AbortSignal.abort() }),
  'a signal that is aborted while a call waits': (vault) => {
    const aborting = new AbortController();
    setTimeout(() => aborting.abort(), 50);
    return hear((o) => vault.hold({ owner: 'a', coins: 1 }, o), { signal: aborting.signal });
  },
  'a deadline by middleware': (vault) => hear((o) => vault.hold({ owner: 'a', coins: 1 }, o), { withinMs: 50 }),
  'a signal that is aborted in a stream': (vault) => {
    const aborting = new AbortController();
    const { signal } = aborting;
    return hear((o) => first(vault.exchange(endless('d', signal), o), () => aborting.abort()), { signal });
  },
  'a stream whose handler waits for the signal': (vault) => {
    const aborting = new AbortController();
    const { signal } = aborting;
    return hear((o) => first(vault.list({ owner: 'watch', coins: 1 }, o), () => aborting.abort()), { signal });
  },
  'a stream that its caller leaves': async (vault) => {
    const aborting = new AbortController();
    const replies: unknown[] = [];
    for await (const reply of vault.exchange(endless('d', aborting.signal))) {
      replies.push(reply);
      break;
    }
    aborting.abort();
    return { replies };
  },
};

async function hearAll(vault: VaultClient): Promise<Record<string, Heard>> {
  const heard: Record<string, Heard> = {};
  for (const [name, call] of Object.entries(CALLS)) heard[name] = await call(vault);
  return heard;
}

describe('metadata, errors, middleware, deadlines and signals', () => {
  it.each(['stream', 'rpc'] as const)('come to the same replicated as bare, carrier %s', async (carrier) => {
    // nice-grpc warns of errors that are no ServerError.
    vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    const bare = await startBare();
    const { client, vaults, servers } = await startGroup(carrier);
    const [expected, heard] = await Promise.all([hearAll(bare.client), hearAll(client)]);
    expect(expected['a ServerError']?.error).toMatchObject({ code: Status.FAILED_PRECONDITION });
    expect(heard).toEqual(expected);
    const { ended } = bare.vaults[0] as Vault;
    await vi.waitFor(() => expect(ended).toHaveLength(8), WAIT);
    await vi.waitFor(() => expect(vaults.map((vault) => vault.ended)).toEqual([ended, ended]), WAIT);
    await servers[0]?.shutdown();
    expect(vaults[1]?.checkpoint()).toEqual(vaults[0]?.checkpoint());
  });
});
