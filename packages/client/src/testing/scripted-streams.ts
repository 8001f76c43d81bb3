/** Sessions for tests whose streams a scripted handler serves. */
import {
  type CallId,
  type Request,
  type SessionEffect,
  type SessionEvent,
  STREAM_WINDOW,
  type StreamItem,
} from '@understudy/core/internal';
import type { MakeSession, SessionMachine, SessionSetup } from '../session/session-port.js';
import { ScriptedSession } from './scripted-session.js';
import type { HandlerSide, StreamHandler } from './stream-handler.js';

/** What a scripted session saw of streams. */
export interface StreamNotes {
  readonly opened: Request[];
  /** The items that the application has taken, as the session was told. */
  readonly taken: number[];
  /** How many messages the application gave, and how many of them the handler took. */
  given: number;
  read: number;
  ended: number;
  cancelled: number;
}

export const noNotes = (): StreamNotes => ({ opened: [], taken: [], given: 0, read: 0, ended: 0, cancelled: 0 });

/**
 * Makes sessions that serve streams by a handler at once, inside the session, with the windows that the protocol has.
 */
export function scriptedStreams(handler: StreamHandler, notes = noNotes()): MakeSession {
  return (setup) => new ScriptedStreams(setup, handler, notes);
}

class ScriptedStreams implements SessionMachine {
  readonly #calls: ScriptedSession;
  readonly #handler: StreamHandler;
  readonly #notes: StreamNotes;
  readonly #streams = new Map<CallId, ScriptedStream>();
  #primary = false;
  /** Events that came before there was a primary. */
  #early: SessionEvent[] = [];
  #effects: SessionEffect[] = [];

  constructor(setup: SessionSetup, handler: StreamHandler, notes: StreamNotes) {
    this.#calls = new ScriptedSession(setup);
    this.#handler = handler;
    this.#notes = notes;
  }

  get wantsFlush(): boolean {
    return this.#calls.wantsFlush;
  }

  step(event: SessionEvent, nowMs: number): readonly SessionEffect[] {
    if (event.kind === 'cancel')
      this.#early = this.#early.filter((each) => !('call' in each) || each.call !== event.call);
    const ofStream = event.kind.startsWith('stream') || event.kind === 'openStream' || event.kind === 'cancel';
    if (ofStream && this.#primary) this.#on(event);
    else if (ofStream) this.#early.push(event);
    for (const effect of this.#calls.step(event, nowMs)) {
      this.#effects.push(effect);
      if (effect.kind === 'primary' && !this.#primary) {
        this.#primary = true;
        for (const each of this.#early.splice(0)) this.#on(each);
      }
    }
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #on(event: SessionEvent): void {
    switch (event.kind) {
      case 'openStream': {
        this.#notes.opened.push(event.request);
        const stream = new ScriptedStream(event, this.#notes, (effect) => this.#effects.push(effect));
        this.#streams.set(event.call, stream);
        this.#handler(stream);
        return;
      }
      case 'streamMessage':
        this.#streams.get(event.call)?.push(Buffer.from(event.message).toString());
        return;
      case 'streamEnd':
        this.#streams.get(event.call)?.end();
        return;
      case 'streamTaken':
        this.#streams.get(event.call)?.take(event.upTo);
        return;
      case 'cancel':
        this.#streams.get(event.call)?.cancel();
        this.#streams.delete(event.call);
    }
  }
}

type Emit = (effect: SessionEffect) => void;

class ScriptedStream implements HandlerSide {
  readonly metadata;
  readonly request;
  readonly #call: CallId;
  readonly #notes: StreamNotes;
  readonly #emit: Emit;
  #onMessage: ((text: string) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onCancelled: (() => void) | undefined;
  readonly #unread: string[] = [];
  #ended = false;
  #blocked = false;
  /** Items, and the end, that wait for room. */
  readonly #unsent: (() => void)[] = [];
  #index = 0;
  #taken = 0;
  #over = false;

  constructor({ call, request }: SessionEvent & { kind: 'openStream' }, notes: StreamNotes, emit: Emit) {
    this.#call = call;
    this.metadata = request.metadata ?? [];
    this.request = request.message.length === 0 ? undefined : Buffer.from(request.message).toString();
    this.#notes = notes;
    this.#emit = emit;
  }

  push(text: string): void {
    if (this.#over) return;
    if (this.#blocked || this.#ended) throw new Error('a message that there is no room for');
    this.#notes.given++;
    this.#unread.push(text);
    this.#blocked = true;
    this.#read();
  }

  end(): void {
    this.#notes.ended++;
    this.#ended = true;
    this.#read();
  }

  take(upTo: number): void {
    this.#notes.taken.push(upTo);
    this.#taken = upTo;
    this.#send();
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#notes.cancelled++;
    this.#onCancelled?.();
  }

  onMessage(hear: (text: string) => void): void {
    this.#onMessage = hear;
    this.#read();
  }

  onEnd(hear: () => void): void {
    this.#onEnd = hear;
    this.#read();
  }

  onCancelled(hear: () => void): void {
    this.#onCancelled = hear;
  }

  sendMetadata(entries: HandlerSide['metadata']): void {
    this.#queue({ kind: 'metadata', entries });
  }

  send(text: string): void {
    this.#queue({ kind: 'message', message: Buffer.from(text) });
  }

  finish(outcome: Parameters<HandlerSide['finish']>[0]): void {
    this.#unsent.push(() => {
      this.#over = true;
      this.#emit({ kind: 'deliver', call: this.#call, reply: outcome });
    });
    this.#send();
  }

  #queue(item: StreamItem): void {
    this.#unsent.push(() => this.#emit({ kind: 'item', call: this.#call, item, index: ++this.#index }));
    this.#send();
  }

  #send(): void {
    while (!this.#over && this.#index - this.#taken < STREAM_WINDOW) {
      const send = this.#unsent.shift();
      if (send === undefined) return;
      send();
    }
  }

  #read(): void {
    while (this.#onMessage !== undefined && this.#unread.length > 0) {
      this.#notes.read++;
      this.#onMessage(this.#unread.shift() ?? '');
    }
    if (this.#blocked && this.#unread.length < STREAM_WINDOW && !this.#over) {
      this.#blocked = false;
      this.#emit({ kind: 'writable', call: this.#call });
    }
    if (this.#ended && this.#unread.length === 0) this.#onEnd?.();
  }
}
