import type { GroupConfig } from '../../config/config.js';
import { type ConnectionId, connectionId, type Incarnation, type ReplicaId, type SeqNum } from '../../model/ids.js';
import { STREAMED } from '../../model/outcome.js';
import type { StreamOutput, StreamPart } from '../../model/stream.js';
import { seqNumOf } from '../../ordering/order-info.js';
import type { Member } from '../../record/record.js';
import type { ReplicaEffect, ReplicaEvent, Task } from '../../replica/events.js';
import { Replica } from '../../replica/replica.js';
import type { SessionEffect, SessionEvent } from '../../session/events.js';
import { Session } from '../../session/session.js';
import { bytesOf, hashText, hex32, short, textOf } from '../text.js';
import { NestedService } from './nested-service.js';

/** A core and what waits for it: one event-loop turn takes all that waits, then flushes once. */
class Process<Event extends { kind: string }, Effect> {
  readonly name: string;
  core: { readonly wantsFlush: boolean; step(event: Event, nowMs: number): readonly Effect[] } | undefined;
  /** It takes no step; what happens to it waits. */
  paused = false;
  #inbox: Event[] = [];
  /** Happened while it was paused: it learns of this after what arrived on its streams. */
  #late: Event[] = [];
  #busy = false;

  constructor(name: string) {
    this.name = name;
  }

  get runs(): boolean {
    return this.core !== undefined;
  }

  clear(): void {
    this.#inbox = [];
    this.#late = [];
  }

  post(event: Event): void {
    if (this.runs) (this.paused ? this.#late : this.#inbox).push(event);
  }

  /** @returns whether there was something to catch up with after a pause */
  catchUp(): boolean {
    if (this.paused || this.#late.length === 0) return false;
    this.#inbox.push(...this.#late);
    this.#late = [];
    return true;
  }

  turn(flush: Event, nowMs: number, onEffect: (effect: Effect) => void): void {
    if (this.#busy || this.paused) return;
    this.#busy = true;
    for (;;) {
      const { core } = this;
      const event = this.#inbox.shift() ?? (core?.wantsFlush ? flush : undefined);
      if (core === undefined || event === undefined) break;
      for (const effect of core.step(event, nowMs)) onEffect(effect);
    }
    this.#busy = false;
  }
}

interface StreamName {
  readonly connection: ConnectionId;
  readonly stream: SeqNum;
}

/** A replica and its service, which appends what it is asked to and says how many there are. */
export class Server extends Process<ReplicaEvent, ReplicaEffect> {
  declare core: Replica | undefined;
  lives = 0;
  member: Member;
  state: string[] = [];
  tasks: Task[] = [];
  /** Streams whose handlers live. */
  streams: StreamName[] = [];
  /** What its service asks of others. */
  nested = new NestedService();
  /** What its interceptors hold. */
  heldAdmissions: number[] = [];
  /** What sessions send waits to be read. */
  sessionsPaused = false;
  /** Whom its core wants streams to. */
  wanted: readonly string[] = [];
  /** Its service computes something else than the others. */
  diverges = false;

  constructor(name: string) {
    super(name);
    this.member = this.#memberOf(0);
  }

  #memberOf(life: number): Member {
    return { id: this.name as ReplicaId, incarnation: hex32(hashText(this.name) + life) as Incarnation };
  }

  newLife(config: GroupConfig, admits: boolean): void {
    this.clear();
    this.member = this.#memberOf(++this.lives);
    this.tasks = [];
    this.streams = [];
    this.nested = new NestedService();
    this.heldAdmissions = [];
    this.sessionsPaused = false;
    this.wanted = [];
    this.core = new Replica({ member: this.member, address: this.name, config, admits });
  }

  end(): void {
    this.core = undefined;
    this.clear();
    this.tasks = [];
    this.state = [];
  }

  /** The handler of a task runs to its end, or until it waits for others. */
  execute(task: Task): ReplicaEvent[] {
    return (task.kind === 'ordered' && this.nested.execute(task, this.state)) || [this.#execute(task)];
  }

  #execute(task: Task): ReplicaEvent {
    const { stream } = task.request;
    if (stream !== undefined && task.kind === 'ordered') return this.#executePart(task, stream);
    const text = short(textOf(task.request.message));
    if (task.kind === 'ordered') this.state.push(text);
    const reply = task.kind === 'read' ? this.state.join(' ') || 'nothing' : `${text}=${this.state.length}`;
    const said = this.diverges ? `${reply}?` : reply;
    return {
      kind: 'executed',
      task,
      outcome: { kind: 'reply', code: 0, details: '', message: bytesOf(said) },
      digest: hashText(said),
    };
  }

  /** The handler of a stream answers each message, `@…` to everybody whose stream is open, and ends when its client does. */
  #executePart(task: Task & { kind: 'ordered' }, part: StreamPart): Extract<ReplicaEvent, { kind: 'executed' }> {
    const { connection } = task.info;
    const seqNum = seqNumOf(task.info);
    const isNamed = (name: StreamName): boolean =>
      name.connection === connection && 'of' in part && name.stream === part.of;
    const own = this.streams.filter(isNamed);
    const text = short(textOf(task.request.message));
    let outputs: StreamOutput[] = [];
    switch (part.kind) {
      case 'open':
        this.streams.push({ connection, stream: seqNum });
        break;
      case 'message': {
        if (own.length === 0) break;
        this.state.push(text);
        const said = `${text}=${this.state.length}`;
        const item = { kind: 'message', message: bytesOf(said) } as const;
        const to = text.startsWith('@') ? this.streams : own;
        outputs = to.map((name) => ({ ...name, item, digest: hashText(said) }));
        break;
      }
      case 'end':
        outputs = own.map((name) => ({
          ...name,
          item: { kind: 'status', outcome: { kind: 'reply', code: 0, details: 'OK' } },
          digest: 0,
        }));
        this.streams = this.streams.filter((name) => !isNamed(name));
        break;
      case 'cancel':
        this.streams = this.streams.filter((name) => !isNamed(name));
        break;
      default:
    }
    return { kind: 'executed', task, outcome: STREAMED, digest: hashText(text), outputs };
  }

  /** What the handlers of its streams say when they end by themselves. */
  endStreams(): StreamOutput[] {
    const ending = this.streams;
    this.streams = [];
    return ending.map((name) => ({
      ...name,
      item: { kind: 'status', outcome: { kind: 'reply', code: 0, details: 'OK' } },
      digest: 0,
    }));
  }

  restore(state: Uint8Array): void {
    const text = textOf(state);
    this.state = text === '' ? [] : text.split(' ');
  }
}

export class Client extends Process<SessionEvent, SessionEffect> {
  declare core: Session | undefined;
  readonly connection: ConnectionId;
  /** Its session is over: it opens no stream any more. */
  ended = false;

  /** @param number the client's, from 1; its connection is named after it */
  constructor(name: string, number: number, slots: number, config: GroupConfig) {
    super(name);
    this.connection = connectionId('session', hex32(0xc000 + number).replace(/^0/, 'f'));
    this.core = new Session({ connection: this.connection, slots, config });
  }

  end(): void {
    this.core = undefined;
    this.clear();
  }
}
