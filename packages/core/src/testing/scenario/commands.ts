/** The commands of scenarios: each does one thing in the scenario's world, and nothing else. */

import type { OnOtherState } from '../../model/digest.js';
import type { SessionHeader } from '../../model/frames.js';
import type { OrderNum, ReplicaId, SeqNum, Term } from '../../model/ids.js';
import type { NestedCaller } from '../../model/nested.js';
import type { SealedOrders } from '../../model/sealed.js';
import { bytesOf } from '../text.js';
import type { Frame } from './links.js';
import { Server } from './server.js';
import type { World } from './world.js';

/** What a command of a scenario does in its world. */
type Command = (world: World, args: readonly string[]) => void;

/** `S1>C1` */
const ends = (arg = ''): [string, string] => {
  const [from = '', to = ''] = arg.split('>');
  return [from, to];
};

const each =
  (act: (world: World, arg: string) => void): Command =>
  (world, args) => {
    for (const arg of args) act(world, arg);
  };

const PROCESSES: Readonly<Record<string, Command>> = {
  start: each((world, name) => {
    world.startServer(name);
    world.settle();
    world.pass(20);
  }),
  /** Starts the replica without letting anything else move. */
  begin: each((world, name) => world.startServer(name)),
  client: each((world, name) => world.startClient(name)),
  /** `misled C1 Append`: a client whose own settings say that this method is the one that only reads. */
  misled: (world, [name = '', reads]) => world.startClient(name, reads),
  crash: each((world, name) => world.crash(name)),
  pause: each((world, name) => world.pause(name, true)),
  resume: each((world, name) => world.pause(name, false)),
  /** Replicas that start from now on have liveness threads. */
  threads: (world) => {
    world.threads = true;
  },
  /** `block S1`: the main thread of S1 takes no step, while its liveness thread goes on. */
  block: each((world, name) => world.block(name, true)),
  unblock: each((world, name) => world.block(name, false)),
  /** `deaf S1`: the main thread of S1 does not learn what its liveness thread hears. */
  deaf: each((world, name) => {
    world.server(name).deaf = true;
  }),
  /** `identity C1 a`: replicas know C1 as a from now on. */
  identity: (world, [name = '', identity]) => {
    world.client(name).identity = identity;
  },
  /**
   * `hide C1 orders`: C1 goes on without ever saying what it holds. `hide C1 bodies`: without ever sending a request
   * again.
   */
  hide: (world, [name = '', what = '']) => {
    world.client(name).hides = what as 'orders' | 'bodies' | 'nothing';
  },
  close: each((world, name) => world.ask(world.client(name), { kind: 'close' })),
  stepdown: each((world, name) => world.tell(world.server(name), { kind: 'stepDown' })),
  /** `given S1 leaseMs=400 release=acknowledged`: its own settings from its next start on. */
  given: ({ servers }, [name = '', ...settings]) => {
    const server = servers.get(name) ?? new Server(name);
    servers.set(name, server);
    const values = settings.map((one) => one.split('=') as [string, string]);
    server.settings = Object.fromEntries(
      values.map(([key, value]) => [key, /^\d+$/.test(value) ? Number(value) : value]),
    );
  },
  /** `version S1 2`: the version of its code from its next start on. */
  version: ({ servers }, [name = '', version = '']) => {
    const server = servers.get(name) ?? new Server(name);
    servers.set(name, server);
    server.version = version;
  },
  /** `lacks S1 Append`: its code does not have the method, from its next start on. */
  lacks: ({ servers }, [name = '', ...methods]) => {
    const server = servers.get(name) ?? new Server(name);
    servers.set(name, server);
    server.lacks = methods.map((method) => `/log.Log/${method}`);
  },
  /** `retire S1 2000`: S1 is told to stop. If it is the last one in sync, it waits this long for learners. */
  retire: (world, [name = '', ms]) => world.tell(world.server(name), { kind: 'stepDown', learnersMs: Number(ms) }),
  /** From its next start on, its process has the initial state. */
  fresh: each(({ servers }, name) => {
    const server = servers.get(name) ?? new Server(name);
    servers.set(name, server);
    server.fresh = true;
  }),
  /** Its adapter finds that no replica in sync runs, and its user wants the group to begin anew in that case. */
  gone: each((world, name) =>
    world.tell(world.server(name), { kind: 'groupGone', epoch: world.keeper.record?.epoch ?? 0 }),
  ),
  /** `copies S1 off`: the user's state on S1 cannot be copied. */
  copies: (world, [name = '', state]) => {
    world.server(name).copies = state === 'on';
  },
  /**
   * `blocks S1`: the user's function that copies or restores the state blocks S1 until `resume`. `cuts S1`: its copies
   * travel in one chunk for each entry. `snapshots S1`: its copies are read while they are sent.
   */
  cuts: each((world, name) => {
    world.server(name).cuts = true;
  }),
  blocks: each((world, name) => {
    world.server(name).blocks = true;
  }),
  snapshots: each((world, name) => {
    world.server(name).snapshots = true;
  }),
  force: each((world, name) => world.keeper.force(world.server(name))),
  /** `remove S1 S3`: an operator asks S1 to remove S3. */
  remove: (world, [name = '', other = '']) =>
    world.tell(world.server(name), {
      kind: 'operator',
      request: 1,
      asks: { kind: 'remove', replica: other as ReplicaId },
    }),
  /** `restore S2`: an operator says that S2 knows the newest record. */
  restore: each((world, name) =>
    world.tell(world.server(name), { kind: 'operator', request: 1, asks: { kind: 'restore' } }),
  ),
  /** Prints the replicas that the record names, and those that its primary dials. */
  names: (world) => {
    const { addresses = {}, primary } = world.keeper.record ?? {};
    const dials = primary && world.server(primary.id).wanted;
    world.print(
      `   record names ${Object.keys(addresses).join(' ')}; the primary dials ${dials?.join(' ') || 'nobody'}`,
    );
  },
  /**
   * `lose`: the record is deleted. `lose told`: the coordinator also says what it was. `lose 2`: the record of epoch 2
   * is back.
   */
  lose: (world, [how = '0']) => world.keeper.lose(how === 'told' ? 0 : Number(how), how === 'told'),
};

const REQUESTS: Readonly<Record<string, Command>> = {
  call: ({ requests }, [name = '', ...texts]) => {
    for (const text of texts) requests.call(name, text);
  },
  read: ({ requests }, [name = '', text = '']) => requests.call(name, text, true),
  /**
   * `misread C1 Append m1`: the application of C1 takes the method for read-only. `misorder C1 Read r1`: for one that
   * is not read-only.
   */
  misread: ({ requests }, [name = '', method = '', text = '']) => requests.misread(name, method, text, true),
  misorder: ({ requests }, [name = '', method = '', text = '']) => requests.misread(name, method, text, false),
  cancel: ({ requests }, [name = '', text = '']) => requests.cancel(name, text),
  open: ({ requests }, [name = '', text = '']) => requests.open(name, text),
  send: ({ requests }, [name = '', stream = '', ...texts]) => {
    for (const text of texts) requests.send(name, stream, text);
  },
  /** `fill C1 s1 7000`: sends a message of this many bytes. */
  fill: ({ requests }, [name = '', stream = '', bytes]) => requests.send(name, stream, 'x'.repeat(Number(bytes))),
  end: ({ requests }, [name = '', stream = '']) => requests.halfClose(name, stream),
  /** `plain S1 m1`, with an idempotency key `plain S1 m1 k`, and with a deadline on the wall `plain S1 m1 k 5000`. */
  plain: ({ requests }, [name = '', text = '', key, deadlineMs]) =>
    requests.plainCall(name, text, key, false, deadlineMs === undefined ? undefined : Number(deadlineMs)),
  plainread: ({ requests }, [name = '', text = '']) => requests.plainCall(name, text, undefined, true),
  /** `within S1 50 m1`: a plain call with a deadline in 50 ms. */
  within: ({ requests }, [name = '', ms, text = '']) => requests.plainCallWithin(name, text, Number(ms)),
  plainopen: ({ requests }, [name = '', text = '']) => requests.plainOpen(name, text),
  plainsend: ({ requests }, [name = '', stream = '', text = '']) =>
    requests.plainPart(name, stream, { kind: 'message', message: bytesOf(text) }),
  plainend: ({ requests }, [name = '', stream = '']) => requests.plainPart(name, stream, { kind: 'end' }),
  plaingone: ({ requests }, [name = '', stream = '']) => requests.plainGone(name, stream),
  /**
   * `nested C1 m1 3.0 2 1`: a call made at order 3 of another group, in its term 2, after it has settled everything up
   * to 1. With `nested C1 m1 3.0 2 1 shop`, replicas know the caller as shop.
   */
  nested: ({ requests }, [name = '', text = '', id = '', term = '1', settledUpTo = '0', owner]) => {
    requests.nestedCall(name, text, { ...callerAt(id, term, settledUpTo), ...(owner !== undefined && { owner }) });
  },
  /**
   * `nestedopen C1 s1 3.0 2`: a stream that another group opens in the same way. `nestedopen C2 s1b 3.0 2 1 4`: a
   * stream that may have been opened before; the group has its items up to 1, and the messages that it sent up to 4 are
   * in the order.
   */
  nestedopen: ({ requests }, [name = '', text = '', id = '', term = '1', received, position]) => {
    const place = { again: received !== undefined, received: Number(received ?? 0), position: Number(position ?? 0) };
    requests.nestedOpen(name, text, callerAt(id, term, '0'), place);
  },
  leave: ({ requests }, [name = '', stream = '']) => requests.leave(name, stream),
  /** A call that travels as an RPC: `rpc C1>S1 1 m1`; with `rpc C2>S1 1 m1 C1`, C2 makes it for the session of C1. */
  rpc: (world, [link, seqNum, text = '', session]) => {
    world.requests.rpcCall(...ends(link), text, Number(seqNum) as SeqNum, headerOf(world, []), session);
  },
};

const HANDLERS: Readonly<Record<string, Command>> = {
  handlers: (world, [state]) => {
    world.autoFinish = state === 'on';
  },
  finish: each((world, name) => world.finish(name)),
  /** `finishcall S1 m1`: the handler of the call with this text ends. */
  finishcall: (world, [name = '', text]) => world.finish(name, text),
  endstreams: each((world, name) => world.endStreams(name)),
  admit: each((world, name) => world.admit(name)),
  /** `answer S1 yes`: another service answers the oldest call that S1 sent. */
  answer: (world, [name = '', text = '']) => {
    const server = world.server(name);
    const id = server.service.nested.sent.shift();
    if (id === undefined) throw new Error(`${name} waits for no reply`);
    const outcome = { kind: 'reply', code: 0, details: '', message: bytesOf(text) } as const;
    world.tell(server, { kind: 'nestedReply', to: id, outcome });
  },
  /** `distrust S1`: the interceptors of S1 refuse every call from now on. */
  distrust: each(({ servers }, name) => {
    const server = servers.get(name);
    if (server !== undefined) server.distrusts = true;
  }),
  /** `wall S1 5000`: the wall clock of S1 shows this many milliseconds. */
  wall: (world, [name = '', ms]) => {
    world.server(name).wallMs = Number(ms);
  },
  /** `advance 60000`: the group's time moves on by this many milliseconds on all servers, while their clocks stay. */
  advance: (world, [ms]) => {
    const servers = [...world.servers.values()];
    for (const server of servers) server.aheadMs += Number(ms);
    for (const server of servers) if (server.core !== undefined) world.tell(server, { kind: 'wake' });
  },
  /** `every S1 sweep 100`: from its next start on, the service of S1 has registered this timer. */
  every: ({ servers }, [name = '', timer = '', ms]) => {
    const server = servers.get(name) ?? new Server(name);
    servers.set(name, server);
    server.every.set(timer, Number(ms));
  },
  /** From its next start on, its handlers may arm timers. */
  arms: each(({ servers }, name) => {
    const server = servers.get(name) ?? new Server(name);
    servers.set(name, server);
    server.mayArm = true;
  }),
  /** `alter S2`: code outside of all handlers changes a value in the state of S2. */
  alter: each((world, name) => world.server(name).service.alter()),
  /** `shuffle S2`: the state of S2 has another order after each restore. */
  shuffle: each((world, name) => {
    world.server(name).shuffles = true;
  }),
  /** `otherstate S2 tell`: what S2 does in its next lives if its state differs from the primary's. */
  otherstate: ({ servers }, [name = '', what]) => {
    const server = servers.get(name) ?? new Server(name);
    servers.set(name, server);
    server.onOtherState = what as OnOtherState;
  },
  /** `grows S1 20000000`: the state of S1 counts as this many bytes. */
  grows: (world, [name = '', bytes]) => {
    world.server(name).stateBytes = Number(bytes);
  },
  /** `digests S1 200`: each digest of its state blocks S1 for this long. `digests S1 hold`: until `digests S1 0`. */
  digests: (world, [name = '', ms]) => {
    const server = world.server(name);
    server.holdsDigests = ms === 'hold';
    if (server.holdsDigests) return;
    server.digestMs = Number(ms);
    server.postDigest();
  },
  diverge: each(({ servers }, name) => {
    const server = servers.get(name);
    if (server !== undefined) server.diverges = true;
  }),
};

const NETWORK: Readonly<Record<string, Command>> = {
  settle: (world) => world.settle(),
  pass: (world, [ms]) => world.pass(Number(ms)),
  deliver: ({ links }, [link, count]) => {
    for (let i = 0; i < Number(count ?? 1); i++) links.deliver(...ends(link));
  },
  /** `transfer S2>S1`: a copy of the state arrives, although this link is held. */
  transfer: (world, [link]) => {
    do world.settle();
    while (world.links.deliverCopy(...ends(link)));
  },
  damage: each(({ links }, link) => links.damage(...ends(link))),
  hold: each(({ links }, link) => links.hold(...ends(link), true)),
  release: each(({ links }, link) => links.hold(...ends(link), false)),
  break: each(({ links }, link) => links.breakOne(...ends(link))),
  cut: ({ links }, [a = '', b = '']) => links.cut(a, b),
  /** `cutmain S1 S2`: only their liveness threads reach each other; `cutthreads S1 S2`: only their main threads. */
  cutmain: ({ links }, [a = '', b = '']) => links.cutMain(a, b),
  cutthreads: ({ links }, [a = '', b = '']) => links.cutThreads(a, b),
  heal: (world, [a = '', b = '']) => world.heal(a, b),
  /**
   * `coordinator off`, `on`; `silent S1`: the coordinator carries out what S1 asks for and does not answer S1 until
   * `heal`.
   */
  coordinator: ({ keeper }, [state = '', name = '']) => {
    if (state === 'silent') keeper.silence(name);
    else keeper.switchTo(state === 'on');
  },
  /** A frame of a link that has since gone arrives after a very long time: `replay C1>S1 1 m1 2` brings it twice. */
  replay: (world, [link, seqNum, text = '', times = '1']) => {
    const request = { method: '/log.Log/Append', message: bytesOf(text) };
    const again = { seqNum: Number(seqNum) as SeqNum, request, awaitStable: false };
    const requests = Array.from({ length: Number(times) }, () => again);
    const header = headerOf(world, []);
    world.links.send(...ends(link), { kind: 'multicast', header, requests, reads: [], streams: [] });
  },
  /** `steal C2>S1 C1`: C2 has learned the secret of C1, and says hello with it. */
  steal: (world, [link, victim = '']) => {
    const { connection } = world.client(victim);
    const { group } = world.config;
    const { term, sentAtMs, repliesSeenUpTo } = headerOf(world, []);
    world.links.send(...ends(link), {
      kind: 'hello',
      group,
      connection,
      fresh: false,
      term,
      repliesSeenUpTo,
      sentAtMs,
      settings: 0,
    });
  },
  /** A client makes up order 7, of term 1 or 2: `forge C1>S1 7`, `forge C1>S1 7 2`. */
  forge: (world, [link, orderNum, term = '1']) =>
    world.links.send(...ends(link), forged(world, Number(orderNum), Number(term) as Term)),
  /** A client says that it holds order 7 of term 1, when it is asked in term 2: `claim C1>S2 7`. */
  claim: (world, [link, orderNum]) => world.links.send(...ends(link), claimed(world, Number(orderNum))),
};

/** The commands that a line of a scenario can give. */
export const COMMANDS: Readonly<Record<string, Command>> = { ...PROCESSES, ...REQUESTS, ...HANDLERS, ...NETWORK };

/** A null message that reflects an order that no replica sealed. */
function forged(world: World, orderNum: number, term: Term): Frame {
  return { kind: 'multicast', header: headerOf(world, [madeUp(term, orderNum)]), requests: [], reads: [], streams: [] };
}

/** An answer to `collect` that claims an order that no replica sealed. */
const claimed = ({ nowMs }: World, orderNum: number): Frame => ({
  ...{ kind: 'collected', term: 2 as Term, orders: [madeUp(1 as Term, orderNum)], retained: [], outstanding: [] },
  ...{ streams: [], sentUpTo: 0 as SeqNum, repliesSeenUpTo: 0 as SeqNum, sentAtMs: nowMs },
});

function madeUp(term: Term, orderNum: number): SealedOrders {
  const place = orderNum as OrderNum;
  return { term, first: place, last: place, box: new Uint8Array(0) };
}

/** The place of a call in the order of another group. */
function callerAt(id: string, term: string, settledUpTo: string): NestedCaller {
  const [orderNum, index] = id.split('.').map(Number);
  return {
    ...{ client: 'other/1', term: Number(term) as Term, settledUpTo: Number(settledUpTo) as OrderNum },
    id: { orderNum: orderNum as OrderNum, index: index ?? 0 },
  };
}

const headerOf = ({ nowMs }: World, destOrderInfo: SessionHeader['destOrderInfo']): SessionHeader => ({
  term: 1 as Term,
  sentAtMs: nowMs,
  repliesSeenUpTo: 0 as SeqNum,
  destOrderInfo,
  closing: false,
});
