import type { ServerInterceptor } from '@grpc/grpc-js';
import { ERROR_CODES } from '@understudy/core';
import {
  type ConnectionId,
  type ReplicaEffect,
  type Reply,
  type Request,
  type SeqNum,
  STREAMED,
} from '@understudy/core/internal';
import { encodeChange, type HandlerFault, type HandlerRegistry, StreamPassage } from '../handlers/index.js';
import type { Calls } from './calls.js';
import type { EventLoop } from './event-loop.js';

type EffectOf<K extends ReplicaEffect['kind']> = Extract<ReplicaEffect, { kind: K }>;

export interface StreamPassagesOptions {
  readonly loop: EventLoop;
  readonly registry: HandlerRegistry;
  readonly calls: Calls;
  readonly interceptors: readonly ServerInterceptor[];
  /** Most openings that interceptors may hold. */
  readonly admissionsMax: number;
  readonly onFault: (fault: HandlerFault) => void;
}

interface Name {
  readonly connection: ConnectionId;
  readonly stream: SeqNum;
}

export const OVERLOADED: Reply = {
  kind: 'reply',
  code: ERROR_CODES.UNDERSTUDY_OVERLOADED.status,
  details: 'UNDERSTUDY_OVERLOADED: interceptors hold too many calls; nothing was done',
};

/**
 * Streams on their way through the user's interceptors, while this replica is primary. A stream that it took over begins
 * anew for its interceptors, with the opening as its client sent it: what they change of that is not asked for again, and
 * if they end the call, the stream ends with their status.
 */
export class StreamPassages {
  readonly #options: StreamPassagesOptions;
  readonly #passages = new Map<ConnectionId, Map<SeqNum, StreamPassage>>();
  /** Whose openings interceptors hold. */
  readonly #opening = new Set<StreamPassage>();

  constructor(options: StreamPassagesOptions) {
    this.#options = options;
  }

  /** An opening, or a later message of a stream. */
  admit(effect: EffectOf<'admit'>): void {
    const { admission, connection, stream, request, peer, opening } = effect;
    if (connection === undefined || stream === undefined) return;
    const name = { connection, stream };
    if (request.stream?.kind === 'open') {
      this.#admitOpening(name, admission, request, peer);
      return;
    }
    const { loop } = this.#options;
    const through = (changed: Request | undefined): void => {
      loop.dispatch({ kind: 'admitted', admission, ...changeOf(changed, request) });
    };
    if (this.#passageFor(name, opening, peer)?.receive(request, through) === true) return;
    // The call has ended for its interceptors, so no handler may be given what they would not see.
    loop.dispatch({ kind: 'refused', admission, outcome: STREAMED });
  }

  /** What a handler sent. */
  pass({ connection, stream, index, item, peer, opening }: EffectOf<'passItem'>): void {
    const passage = this.#passageFor({ connection, stream }, opening, peer);
    if (passage !== undefined) passage.send(index, item);
    // There is no such method: its status is no handler's.
    else if (opening !== undefined)
      this.#options.loop.dispatch({ kind: 'itemPassed', connection, stream, index, item });
  }

  forget(connection: ConnectionId, stream: SeqNum): void {
    const passages = this.#passages.get(connection);
    const passage = passages?.get(stream);
    if (passages === undefined || passage === undefined) return;
    passage.close();
    passages.delete(stream);
    if (passages.size === 0) this.#passages.delete(connection);
    this.#opening.delete(passage);
  }

  /** This replica is not primary any more. */
  close(): void {
    for (const passages of this.#passages.values()) for (const passage of passages.values()) passage.close();
    this.#passages.clear();
    this.#opening.clear();
  }

  #admitOpening(name: Name, admission: number, request: Request, peer: string): void {
    const { loop, admissionsMax } = this.#options;
    if (this.#opening.size >= admissionsMax) {
      loop.dispatch({ kind: 'refused', admission, outcome: OVERLOADED });
      return;
    }
    const passage = this.#begin(name, request, peer, admission);
    // Its handler's end is that there is none, the same on all replicas.
    if (passage === undefined) loop.dispatch({ kind: 'admitted', admission });
  }

  #passageFor(name: Name, opening: Request | undefined, peer: string): StreamPassage | undefined {
    const known = this.#passages.get(name.connection)?.get(name.stream);
    if (known !== undefined || opening === undefined) return known;
    return this.#begin(name, opening, peer, undefined);
  }

  /** @param admission of the opening, if it is not ordered yet */
  #begin(name: Name, opening: Request, peer: string, admission: number | undefined): StreamPassage | undefined {
    const { registry, calls, interceptors, onFault, loop } = this.#options;
    const captured = registry.get(opening.method);
    if (captured === undefined || captured.kind === 'unary') return undefined;
    const origin = calls.origin(opening);
    const passage: StreamPassage = new StreamPassage({
      interceptors,
      captured,
      opening,
      peer,
      onFault,
      ...(origin !== undefined && { origin }),
      events: {
        opened: (changed) => {
          if (admission === undefined) return;
          this.#opening.delete(passage);
          loop.dispatch({ kind: 'admitted', admission, ...changeOf(changed, opening) });
        },
        passed: (index, item) => loop.dispatch({ kind: 'itemPassed', ...name, index, item }),
        ended: (outcome) => {
          if (admission === undefined || !this.#opening.delete(passage))
            loop.dispatch({ kind: 'streamEnded', ...name, outcome });
          else loop.dispatch({ kind: 'refused', admission, outcome });
        },
      },
    });
    if (admission !== undefined) this.#opening.add(passage);
    this.#keep(name, passage);
    passage.start();
    return passage;
  }

  #keep({ connection, stream }: Name, passage: StreamPassage): void {
    const passages = this.#passages.get(connection);
    if (passages === undefined) this.#passages.set(connection, new Map([[stream, passage]]));
    else passages.set(stream, passage);
  }
}

const changeOf = (changed: Request | undefined, original: Request) =>
  changed && { change: encodeChange(changed, original) };
