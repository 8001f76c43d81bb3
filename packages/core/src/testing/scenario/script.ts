import type { GroupConfig } from '../../config/config.js';
import { parseServiceConfig } from '../../config/service-config.js';
import type { SessionHeader } from '../../model/frames.js';
import { connectionId, type OrderNum, type SeqNum, type Term } from '../../model/ids.js';
import { bytesOf } from '../text.js';
import { World } from './world.js';

/**
 * A scenario is a text: a line that names the rule it holds to, then commands, each followed by what they led to
 * (two blanks in front). Running it gives the same text again, with what happens now.
 */
export function runScript(text: string): string {
  const lines = text.split('\n');
  const out: string[] = [];
  const script = new Script((line) => out.push(`  ${line}`));
  for (const line of lines) {
    if (line.startsWith('  ')) continue;
    out.push(line);
    if (line !== '' && !line.startsWith('#')) script.run(line);
  }
  return out.join('\n');
}

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

/** What a line of a scenario can ask for. */
const COMMANDS: Readonly<Record<string, Command>> = {
  start: each((world, name) => {
    world.startServer(name);
    world.settle();
    world.pass(20);
  }),
  /** Starts it, and nothing moves yet. */
  begin: each((world, name) => world.startServer(name)),
  client: each((world, name) => world.startClient(name)),
  call: (world, [name = '', ...texts]) => {
    for (const text of texts) world.call(name, text);
  },
  read: (world, [name = '', text = '']) => world.call(name, text, true),
  cancel: (world, [name = '', text = '']) => world.cancel(name, text),
  open: (world, [name = '', text = '']) => world.open(name, text),
  send: (world, [name = '', stream = '', ...texts]) => {
    for (const text of texts) world.send(name, stream, text);
  },
  /** `fill C1 s1 7000`: a message of so many bytes. */
  fill: (world, [name = '', stream = '', bytes]) => world.send(name, stream, 'x'.repeat(Number(bytes))),
  end: (world, [name = '', stream = '']) => world.halfClose(name, stream),
  plainopen: (world, [name = '', text = '']) => world.plainOpen(name, text),
  plainsend: (world, [name = '', stream = '', text = '']) =>
    world.plainPart(name, stream, { kind: 'message', message: bytesOf(text) }),
  plainend: (world, [name = '', stream = '']) => world.plainPart(name, stream, { kind: 'end' }),
  plaingone: (world, [name = '', stream = '']) => world.plainGone(name, stream),
  plain: (world, [name = '', text = '', key]) => world.plainCall(name, text, key),
  plainread: (world, [name = '', text = '']) => world.plainCall(name, text, undefined, true),
  settle: (world) => world.settle(),
  pass: (world, [ms]) => world.pass(Number(ms)),
  deliver: (world, [stream, count]) => {
    for (let i = 0; i < Number(count ?? 1); i++) world.deliver(...ends(stream));
  },
  hold: each((world, stream) => world.hold(...ends(stream), true)),
  release: each((world, stream) => world.hold(...ends(stream), false)),
  crash: each((world, name) => world.crash(name)),
  pause: each((world, name) => world.pause(name, true)),
  resume: each((world, name) => world.pause(name, false)),
  cut: (world, [a = '', b = '']) => world.cut(a, b),
  heal: (world, [a = '', b = '']) => world.heal(a, b),
  coordinator: (world, [state = '', name = '']) => {
    if (state === 'silent') world.silenceCoordinator(name);
    else world.coordinator(state === 'on');
  },
  handlers: (world, [state]) => {
    world.autoFinish = state === 'on';
  },
  finish: each((world, name) => world.finish(name)),
  /** `answer S1 yes`: to the oldest call that S1 sent. */
  answer: (world, [name = '', text = '']) => world.answer(name, text),
  /** `nested C1 m1 3.0 2 1`: made at order 3 of another group, in its term 2, which has settled all up to 1. */
  nested: (world, [name = '', text = '', id = '', term = '1', settledUpTo = '0']) => {
    const [orderNum, index] = id.split('.').map(Number);
    world.nestedCall(name, text, {
      client: 'other/1',
      term: Number(term) as Term,
      id: { orderNum: orderNum as OrderNum, index: index ?? 0 },
      settledUpTo: Number(settledUpTo) as OrderNum,
    });
  },
  admit: each((world, name) => world.admit(name)),
  endstreams: each((world, name) => world.endStreams(name)),
  diverge: each((world, name) => {
    const server = world.servers.get(name);
    if (server !== undefined) server.diverges = true;
  }),
  close: each((world, name) => world.closeClient(name)),
  stepdown: each((world, name) => world.stepDown(name)),
  force: each((world, name) => world.force(name)),
  /** A frame that was on its way for very long: a request of a stream that has since gone. */
  replay: (world, [stream, seqNum, text = '', times = '1']) => {
    const request = { method: '/log.Log/Append', message: bytesOf(text) };
    const again = { seqNum: Number(seqNum) as SeqNum, request, awaitStable: false };
    const requests = Array.from({ length: Number(times) }, () => again);
    world.inject(...ends(stream), { kind: 'multicast', header: headerOf(world, []), requests, reads: [], streams: [] });
  },
  /** A call that travels as an RPC: `rpc C1>S1 1 m1`. */
  rpc: (world, [stream, seqNum, text = '']) => {
    world.rpcCall(...ends(stream), text, Number(seqNum) as SeqNum, headerOf(world, []));
  },
  /** `forge C1>S1 7`, or of term 2: `forge C1>S1 7 2`. */
  forge: (world, [stream, orderNum, term = '1']) =>
    world.inject(...ends(stream), forged(world, Number(orderNum), Number(term) as Term)),
};

class Script {
  #world: World | undefined;
  #quiet = false;
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = (line) => {
      if (!this.#quiet) print(line);
    };
  }

  run(line: string): void {
    const [command = '', ...args] = line.trim().split(/\s+/);
    if (command === 'group') {
      this.#world = new World(configOf(args), namesOf(args), args.includes('interceptors'), this.#print);
      return;
    }
    const world = this.#world;
    if (world === undefined) throw new Error('a scenario begins with `group`');
    if (command === 'quietly') {
      // What led to the scene is not part of it.
      this.#quiet = true;
      this.run(args.join(' '));
      this.#quiet = false;
      return;
    }
    if (command === 'status') {
      this.#status(world, args);
      return;
    }
    const act = COMMANDS[command];
    if (act === undefined) throw new Error(`unknown command: ${command}`);
    act(world, args);
  }

  #status(world: World, names: readonly string[]): void {
    const asked = ({ name }: { readonly name: string }) => names.length === 0 || names.includes(name);
    for (const { name, core, state } of [...world.servers.values()].filter(asked)) {
      if (core === undefined) {
        this.#print(`${name}: gone`);
        continue;
      }
      const { role, term, heldUpTo, processedUpTo, stableUpTo, logLength, unordered, digest, blocked } = core.status;
      const upTo = `held ${heldUpTo}, processed ${processedUpTo}, stable ${stableUpTo}, log ${logLength}`;
      this.#print(`${name}: ${role}, term ${term}, ${upTo}, digest ${digest}: ${state.join(' ') || '-'}`);
      if (role === 'primary' && unordered > 0) this.#print(`${name}: ${unordered} without an order`);
      if (blocked !== undefined) this.#print(`${name}: blocked: ${blocked}`);
    }
    for (const { name, core } of [...world.clients.values()].filter((client) => names.includes(client.name))) {
      this.#print(core === undefined ? `${name}: gone` : `${name}: retains ${core.status.retained}`);
    }
  }
}

/** A null message that reflects an order which no primary gave. */
function forged(world: World, orderNum: number, term: Term): Parameters<World['inject']>[2] {
  const info = {
    term,
    orderNum: orderNum as OrderNum,
    connection: connectionId('session', 'f'.repeat(32)),
    seqNum: 1 as SeqNum,
    kind: 'call',
  } as const;
  return { kind: 'multicast', header: headerOf(world, [info]), requests: [], reads: [], streams: [] };
}

const headerOf = (world: World, destOrderInfo: SessionHeader['destOrderInfo']): SessionHeader => ({
  term: 1 as Term,
  sentAtMs: world.nowMs,
  repliesSeenUpTo: 0 as SeqNum,
  destOrderInfo,
  closing: false,
});

function namesOf(args: readonly string[]): string[] {
  const names = args.find((arg) => arg.startsWith('replicas='));
  return names === undefined ? ['S1', 'S2'] : names.slice('replicas='.length).split(',');
}

function configOf(args: readonly string[]): GroupConfig {
  // What gathers for a moment would only make scenarios longer; the ones about it say so.
  const methods = [{ name: [{ service: 'log.Log', method: 'Tell' }], oneWay: true }];
  const fields: Record<string, unknown> = { group: 'g', batchMs: 0, methods };
  for (const arg of args) {
    const [key = '', value = ''] = arg.split('=');
    if (key !== 'replicas' && key !== 'interceptors') fields[key] = /^\d+$/.test(value) ? Number(value) : value;
  }
  return parseServiceConfig({ loadBalancingConfig: [{ understudy: fields }] });
}
