import type { GroupConfig } from '../../config/config.js';
import { assert } from '../../model/assert.js';
import { GrpcStatus } from '../../model/error.js';
import type { PeerFrame, ReplyFrame, SessionFrame, SessionHeader } from '../../model/frames.js';
import type { CallId, ReplicaId, SeqNum } from '../../model/ids.js';
import type { NestedCaller } from '../../model/nested.js';
import type { PlainPart, ReplicaEffect, ReplicaEvent } from '../../replica/events.js';
import type { SessionEffect, SessionEvent } from '../../session/events.js';
import { describeEffect, describeFrame } from '../describe.js';
import { bytesOf, textOf } from '../text.js';
import { COORDINATOR, RecordKeeper } from './coordinator.js';
import { type Frame, Network, type Pipe } from './network.js';
import { Client, Server } from './processes.js';

/** A whole group with its clients and coordinator, on a network and a clock that do only what a scenario says. */
export class World {
  readonly config: GroupConfig;
  readonly names: readonly string[];
  nowMs = 1000;
  /** Handlers call back at once; otherwise when the scenario says so. */
  autoFinish = true;
  readonly servers = new Map<string, Server>();
  readonly clients = new Map<string, Client>();
  readonly #admits: boolean;
  readonly #network = new Network();
  readonly #keeper: RecordKeeper;
  #nextCall = 1;
  readonly #calls = new Map<number, string>();
  readonly #print: (line: string) => void;

  constructor(config: GroupConfig, names: readonly string[], admits: boolean, print: (line: string) => void) {
    this.#admits = admits;
    this.config = config;
    this.names = names;
    this.#print = print;
    this.#keeper = new RecordKeeper(this.servers, this.#network, (server, event) => this.#tell(server, event), print);
  }

  // ── processes ───────────────────────────────────────────────────────────────────────────────────────────────────

  startServer(name: string): void {
    const server = this.servers.get(name) ?? new Server(name);
    this.servers.set(name, server);
    server.state = [];
    this.#newLife(server);
    for (const client of this.clients.values()) this.#connectClient(client, name);
  }

  #newLife(server: Server): void {
    server.newLife(this.config, this.#admits);
    this.#tell(server, { kind: 'start', record: this.#keeper.record });
  }

  startClient(name: string): void {
    const client = new Client(name, this.clients.size + 1, this.names.length, this.config);
    this.clients.set(name, client);
    for (const server of this.names) this.#connectClient(client, server);
  }

  /** The process is gone, with everything on its way to and from it. */
  crash(name: string): void {
    (this.servers.get(name) ?? this.#client(name)).end();
    for (const pipe of this.#network.of(name)) this.#break(pipe);
  }

  /** The process takes no step until it is resumed; then it goes on with what arrived, and learns of the rest later. */
  pause(name: string, paused: boolean): void {
    (this.servers.get(name) ?? this.#client(name)).paused = paused;
  }

  /** A life ended and the next began in the same process. */
  #rejoin(server: Server): void {
    server.end();
    for (const pipe of this.#network.of(server.name)) this.#break(pipe);
    this.#newLife(server);
    this.#reconnect();
  }

  // ── what a scenario does ────────────────────────────────────────────────────────────────────────────────────────

  call(name: string, text: string, readOnly = false): void {
    const append = text.startsWith('tell') ? '/log.Log/Tell' : '/log.Log/Append';
    const request = { method: readOnly ? '/log.Log/Read' : append, message: bytesOf(text) };
    this.#ask(this.#client(name), { kind: 'call', call: this.#newCall(text), request, readOnly });
  }

  open(name: string, text: string): void {
    const message = /^(bad|held)/.test(text) ? bytesOf(text) : NO_BYTES;
    const request = { method: '/log.Log/Stream', message };
    this.#ask(this.#client(name), { kind: 'openStream', call: this.#newCall(text), request });
  }

  send(name: string, stream: string, text: string): void {
    this.#ask(this.#client(name), { kind: 'streamMessage', call: this.#callOf(stream), message: bytesOf(text) });
  }

  halfClose(name: string, stream: string): void {
    this.#ask(this.#client(name), { kind: 'streamEnd', call: this.#callOf(stream) });
  }

  /** A client without our interceptor opens a stream to a replica. */
  plainOpen(name: string, text: string): void {
    const request = { method: '/log.Log/Stream', message: NO_BYTES, stream: { kind: 'open' } } as const;
    const call = this.#newCall(text);
    this.#tell(this.#server(name), { kind: 'plainCall', call, peer: 'plain', readOnly: false, request });
  }

  plainPart(name: string, stream: string, part: PlainPart): void {
    this.#tell(this.#server(name), { kind: 'plainPart', call: this.#callOf(stream), part });
  }

  /** The RPC of a client without our interceptor ends. */
  plainGone(name: string, stream: string): void {
    this.#tell(this.#server(name), { kind: 'callGone', call: this.#callOf(stream) });
  }

  #callOf(text: string): CallId {
    for (const [call, asked] of this.#calls) if (asked === text) return call as CallId;
    throw new Error(`no call ${text}`);
  }

  /** A client without our interceptor calls a replica. */
  plainCall(name: string, text: string, key: string | undefined, readOnly = false): void {
    const request = { method: '/log.Log/Append', message: bytesOf(text), ...(key !== undefined && { key }) };
    this.#tell(this.#server(name), { kind: 'plainCall', call: this.#newCall(text), peer: 'plain', readOnly, request });
  }

  /** A call of a client's session reaches a replica as an RPC of its own. */
  rpcCall(name: string, server: string, text: string, seqNum: SeqNum, header: SessionHeader): void {
    const request = { method: '/log.Log/Append', message: bytesOf(text) };
    const carried = { connection: this.#client(name).connection, seqNum, awaitStable: false, header };
    const call = this.#newCall(text);
    this.#tell(this.#server(server), { kind: 'rpcCall', call, peer: name, request, header: carried });
  }

  #newCall(text: string): CallId {
    const call = this.#nextCall++ as CallId;
    this.#calls.set(call, text);
    return call;
  }

  cancel(name: string, text: string): void {
    const calls = [...this.#calls].filter(([, asked]) => asked === text);
    for (const [call] of calls) this.#ask(this.#client(name), { kind: 'cancel', call: call as CallId });
  }

  closeClient(name: string): void {
    this.#ask(this.#client(name), { kind: 'close' });
  }

  stepDown(name: string): void {
    this.#tell(this.#server(name), { kind: 'stepDown' });
  }

  /** An operator makes a replica the truth. */
  force(name: string): void {
    this.#keeper.force(this.#server(name));
  }

  /** Somebody sends a frame that no session of ours would send. */
  inject(from: string, to: string, frame: Frame): void {
    this.#send(from, to, frame);
  }

  /** No stream between the two works any more, and none can be made. */
  cut(a: string, b: string): void {
    this.#network.cut(a, b);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const pipe = this.#network.get(from, to);
      if (pipe !== undefined) this.#break(pipe);
    }
  }

  heal(a: string, b: string): void {
    this.#network.heal(a, b);
    if (b === COORDINATOR) this.#keeper.speakTo(this.#server(a));
    this.#reconnect();
  }

  hold(from: string, to: string, held: boolean): void {
    const pipe = this.#network.get(from, to);
    assert(pipe !== undefined || !held, () => `no stream ${from}>${to}`);
    if (pipe !== undefined) pipe.held = held;
  }

  coordinator(up: boolean): void {
    this.#keeper.switchTo(up);
  }

  /** The coordinator carries out what this replica asks for and tells it nothing, until healed. */
  silenceCoordinator(server: string): void {
    this.#keeper.silence(server);
  }

  /** The handler that runs on a replica calls back. */
  finish(name: string): void {
    const server = this.#server(name);
    const task = server.tasks.shift();
    assert(task !== undefined, () => `nothing runs on ${name}`);
    for (const event of server.execute(task)) this.#tell(server, event);
  }

  /** Another service answers a call that this replica made: the oldest one that it sent. */
  answer(name: string, text: string): void {
    const server = this.#server(name);
    const id = server.nested.sent.shift();
    assert(id !== undefined, () => `${name} waits for no reply`);
    const outcome = { kind: 'reply', code: 0, details: '', message: bytesOf(text) } as const;
    this.#tell(server, { kind: 'nestedReply', to: id, outcome });
  }

  /** A client that is the primary of another group calls, as it made the call there. */
  nestedCall(name: string, text: string, caller: NestedCaller): void {
    const request = { method: '/log.Log/Append', message: bytesOf(text), nested: caller };
    this.#ask(this.#client(name), { kind: 'call', call: this.#newCall(text), request, readOnly: false });
  }

  /** A replica's interceptors let pass what they held. */
  admit(name: string): void {
    const server = this.#server(name);
    for (const admission of server.heldAdmissions.splice(0)) this.#tell(server, { kind: 'admitted', admission });
  }

  /** The handlers of all streams on a replica end by themselves: each replica's does in its own time. */
  endStreams(name: string): void {
    const server = this.#server(name);
    for (const output of server.endStreams()) this.#tell(server, { kind: 'lateItem', output });
  }

  // ── time and motion ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Delivers what is on its way, and what that leads to, until nothing moves; time stands still. */
  settle(): void {
    for (let round = 0; round < 10_000; round++) {
      let moved = this.#keeper.move();
      for (const pipe of this.#network.pipes()) while (!pipe.held && this.#deliver(pipe)) moved = true;
      if (this.#catchUp()) moved = true;
      if (!moved) return;
    }
    throw new Error('the scenario does not settle');
  }

  /** Whoever was paused learns of what happened meanwhile, after the frames that had arrived. */
  #catchUp(): boolean {
    const servers = [...this.servers.values()].filter((server) => server.catchUp());
    const clients = [...this.clients.values()].filter((client) => client.catchUp());
    for (const server of servers) this.#turn(server);
    for (const client of clients) this.#turnClient(client);
    return servers.length + clients.length > 0;
  }

  /** Delivers one frame. */
  deliver(from: string, to: string): void {
    const pipe = this.#network.get(from, to);
    if (pipe === undefined || !this.#deliver(pipe)) throw new Error(`nothing is on its way from ${from} to ${to}`);
  }

  #deliver(pipe: Pipe): boolean {
    const { from, to, link } = pipe;
    const server = this.servers.get(to);
    const client = this.clients.get(to);
    if (this.#network.get(from, to) !== pipe || (server ?? client)?.paused) return false;
    if (link !== undefined && server?.sessionsPaused) return false;
    const frame = pipe.frames.shift();
    if (frame === undefined) {
      if (!pipe.ending) return false;
      this.#break(pipe);
    } else if (client !== undefined) {
      this.#ask(client, { kind: 'frame', slot: this.names.indexOf(from), frame: frame as ReplyFrame });
    } else if (server !== undefined) {
      const sender = this.servers.get(from);
      if (link !== undefined)
        this.#tell(server, { kind: 'sessionFrame', link, peer: from, frame: frame as SessionFrame });
      else if (sender !== undefined)
        this.#tell(server, { kind: 'peerFrame', from: sender.member, frame: frame as PeerFrame });
    }
    return true;
  }

  /** Time passes in steps of 10 ms; after each everything settles, and broken streams are made again. */
  pass(ms: number): void {
    const until = this.nowMs + ms;
    while (this.nowMs < until) {
      this.nowMs = Math.min(until, this.nowMs + 10);
      for (const server of this.servers.values()) if (!server.paused) this.#tell(server, { kind: 'tick' });
      for (const client of this.clients.values()) if (!client.paused) this.#ask(client, { kind: 'tick' });
      this.settle();
      this.#reconnect();
    }
  }

  // ── streams ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #reconnect(): void {
    for (const server of this.servers.values()) this.#connectPeers(server);
    for (const client of this.clients.values()) for (const name of this.names) this.#connectClient(client, name);
  }

  #mayConnect(from: string, to: string): boolean {
    const other = this.servers.get(to);
    return other?.runs === true && !this.#network.isCut(from, to) && this.#network.get(from, to) === undefined;
  }

  #connectClient(client: Client, name: string): void {
    if (!client.runs || client.ended || !this.#mayConnect(client.name, name)) return;
    this.#network.openLink(client.name, name);
    this.#ask(client, { kind: 'linkUp', slot: this.names.indexOf(name) });
  }

  #connectPeers(server: Server): void {
    for (const name of server.wanted) {
      const peer = this.servers.get(name);
      if (peer === undefined || !server.runs || !this.#mayConnect(server.name, name)) continue;
      this.#network.open(server.name, name);
      this.#tell(server, { kind: 'peerUp', peer: peer.member });
    }
  }

  #break(pipe: Pipe): void {
    if (!this.#network.break(pipe)) return;
    const { from, to, link } = pipe;
    const back = link === undefined ? undefined : this.#network.get(to, from);
    if (back !== undefined) this.#break(back);
    const client = this.clients.get(from);
    const server = this.servers.get(from);
    if (client !== undefined) this.#ask(client, { kind: 'linkDown', slot: this.names.indexOf(to) });
    else if (server === undefined) return;
    else if (link !== undefined) this.#tell(server, { kind: 'sessionDown', link });
    else this.#tell(server, { kind: 'peerDown', peer: to as ReplicaId });
  }

  #send(from: string, to: string, frame: Frame): void {
    const line = describeFrame(frame);
    const pipe = this.#network.get(from, to);
    const isHeartbeat = frame.kind === 'ack' || frame.kind === 'newTerm';
    if (line !== undefined && !(isHeartbeat && line === pipe?.said))
      this.#print(`${from}>${to}  ${line}${pipe === undefined ? ' (lost)' : ''}`);
    if (pipe !== undefined && isHeartbeat) pipe.said = line;
    if (pipe?.ending === false) pipe.frames.push(frame);
  }

  // ── replicas and sessions ───────────────────────────────────────────────────────────────────────────────────────

  #tell(server: Server, event: ReplicaEvent): void {
    server.post(event);
    this.#turn(server);
  }

  #turn(server: Server): void {
    server.turn({ kind: 'flush' }, this.nowMs, (effect) => this.#onServerEffect(server, effect));
  }

  #onServerEffect(server: Server, effect: ReplicaEffect): void {
    const line = describeEffect(effect, this.#calls);
    if (line !== undefined) this.#print(`${server.name}  ${line}`);
    switch (effect.kind) {
      case 'sendToPeer':
        return this.#send(server.name, effect.peer, effect.frame);
      case 'sendToSession': {
        const pipe = this.#network.byLink(server.name, effect.link);
        if (pipe !== undefined) this.#send(server.name, pipe.to, effect.frame);
        return;
      }
      case 'closeSession': {
        const pipe = this.#network.byLink(server.name, effect.link);
        if (pipe !== undefined) pipe.ending = true;
        return;
      }
      case 'admit': {
        const events = judge(effect);
        if (events.length === 0) server.heldAdmissions.push(effect.admission);
        for (const event of events) server.post(event);
        return;
      }
      case 'passItem':
        for (const event of dress(effect)) server.post(event);
        return;
      case 'execute':
        if (this.autoFinish) for (const event of server.execute(effect.task)) server.post(event);
        else server.tasks.push(effect.task);
        return;
      case 'sendNested':
        server.nested.sent.push(effect.caller.id);
        return;
      case 'pauseSessions':
        server.sessionsPaused = effect.paused;
        return;
      case 'abandonTask':
        server.tasks = server.tasks.filter((task) => task !== effect.task);
        return;
      case 'takeCheckpoint':
        return server.post({ kind: 'checkpointTaken', state: bytesOf(server.state.join(' ')) });
      case 'restoreState':
        server.restore(effect.state);
        return server.post({ kind: 'restored' });
      case 'changeRecord':
        return this.#keeper.submit(server, effect.next);
      case 'readRecord':
        return this.#keeper.read(server);
      case 'connectPeers':
        server.wanted = effect.peers.map(({ id }) => id);
        return this.#connectPeers(server);
      case 'rejoin':
        return this.#rejoin(server);
      case 'stopped':
        return this.crash(server.name);
      default:
    }
  }

  #ask(client: Client, event: SessionEvent): void {
    client.post(event);
    this.#turnClient(client);
  }

  #turnClient(client: Client): void {
    client.turn({ kind: 'flush' }, this.nowMs, (effect) => this.#onClientEffect(client, effect));
  }

  #onClientEffect(client: Client, effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(client.name, this.names[effect.slot] ?? '', effect.frame);
      case 'multicast':
        for (const slot of effect.slots) this.#send(client.name, this.names[slot] ?? '', effect.frame);
        return;
      case 'item': {
        const { item, call, index } = effect;
        this.#print(
          `${client.name}  ${this.#calls.get(call)} << ${item.kind === 'message' ? textOf(item.message) : item.kind}`,
        );
        return this.#ask(client, { kind: 'streamTaken', call, upTo: index });
      }
      case 'deliver': {
        const { message, details } = effect.reply;
        return this.#print(
          `${client.name}  delivered ${this.#calls.get(effect.call)} -> ${textOf(message) || details}`,
        );
      }
      case 'fail': {
        const may = effect.mayHaveTakenEffect ? ', may have taken effect' : '';
        return this.#print(`${client.name}  failed ${this.#calls.get(effect.call)} ! ${effect.code}${may}`);
      }
      case 'reconnect': {
        const pipe = this.#network.get(client.name, this.names[effect.slot] ?? '');
        if (pipe !== undefined) pipe.ending = true;
        return;
      }
      case 'ended':
        this.#print(`${client.name}  ended${effect.clean ? '' : ', not clean'}`);
        client.ended = true;
        for (const pipe of this.#network.of(client.name)) if (pipe.from === client.name) pipe.ending = true;
        return;
      default:
    }
  }

  #server(name: string): Server {
    const server = this.servers.get(name);
    assert(server?.runs === true, () => `${name} does not run`);
    return server;
  }

  #client(name: string): Client {
    const client = this.clients.get(name);
    assert(client?.runs === true, () => `${name} does not run`);
    return client;
  }
}

const NO_BYTES = new Uint8Array(0);

type EffectOf<K extends ReplicaEffect['kind']> = Extract<ReplicaEffect, { kind: K }>;

const REFUSED = { kind: 'reply', code: GrpcStatus.UNAUTHENTICATED, details: 'who are you?' } as const;

/**
 * The user's interceptors: they refuse requests that begin with `bad`, and streams that have such a message. What begins
 * with `held` they answer when they are told to.
 */
function judge({ admission, connection, request }: EffectOf<'admit'>): ReplicaEvent[] {
  const text = textOf(request.message);
  if (text.startsWith('held')) return [];
  if (!text.startsWith('bad')) return [{ kind: 'admitted', admission }];
  const { stream } = request;
  if (stream?.kind !== 'message' || connection === undefined) return [{ kind: 'refused', admission, outcome: REFUSED }];
  return [{ kind: 'streamEnded', connection, stream: stream.of, outcome: REFUSED }];
}

/** They put what handlers send into brackets, and end streams whose handlers tell a secret. */
function dress({ connection, stream, index, item }: EffectOf<'passItem'>): ReplicaEvent[] {
  if (item.kind !== 'message') return [{ kind: 'itemPassed', connection, stream, index, item }];
  const text = textOf(item.message);
  if (text.startsWith('secret')) return [{ kind: 'streamEnded', connection, stream, outcome: REFUSED }];
  const passed = { kind: 'message', message: bytesOf(`[${text}]`) } as const;
  return [{ kind: 'itemPassed', connection, stream, index, item: passed }];
}
