/** Streams that pass the user's interceptors. */
import { type ConnectionId, type Request, type SeqNum, STREAMED } from '@understudy/core/internal';
import type { EffectOf } from '../loop/event-loop.js';
import { encodeChange } from './change.js';
import { type InterceptionOptions, OVERLOADED } from './options.js';
import { StreamPassage } from './stream-passage.js';

interface Name {
  readonly connection: ConnectionId;
  readonly stream: SeqNum;
}

/**
 * Streams on their way through the user's interceptors, while this replica is the primary. A stream that the replica
 * took over begins anew for its interceptors, with the opening as the client sent it. What they change of that opening
 * is ignored, because it is ordered already; if they end the call, the stream ends with their status.
 */
export class StreamPassages {
  readonly #options: InterceptionOptions;
  readonly #passages = new Map<ConnectionId, Map<SeqNum, StreamPassage>>();
  /** The passages whose openings interceptors hold. */
  readonly #opening = new Set<StreamPassage>();

  constructor(options: InterceptionOptions) {
    this.#options = options;
  }

  /** Takes the opening of a stream, or a later message of it. */
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
    // The call has ended for its interceptors, so the handler must not get a message that they would not see.
    loop.dispatch({ kind: 'refused', admission, outcome: STREAMED });
  }

  /** Takes what a handler sent. */
  pass({ connection, stream, index, item, peer, opening }: EffectOf<'passItem'>): void {
    const passage = this.#passageFor({ connection, stream }, opening, peer);
    if (passage !== undefined) passage.send(index, item);
    // The method does not exist, so the status comes from no handler and no interceptor sees it.
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

  /** Ends all passages, because this replica is not the primary any more. */
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
    // The method does not exist, which is the outcome on all replicas; no interceptor sees it.
    if (passage === undefined) loop.dispatch({ kind: 'admitted', admission });
  }

  #passageFor(name: Name, opening: Request | undefined, peer: string): StreamPassage | undefined {
    const known = this.#passages.get(name.connection)?.get(name.stream);
    if (known !== undefined || opening === undefined) return known;
    return this.#begin(name, opening, peer, undefined);
  }

  /** @param admission the number of the opening's admission, if the opening is not ordered yet */
  #begin(name: Name, opening: Request, peer: string, admission: number | undefined): StreamPassage | undefined {
    const { registry, calls, interceptors, onFault, strays, loop } = this.#options;
    const captured = registry.get(opening.method);
    if (captured === undefined || captured.kind === 'unary') return undefined;
    const origin = calls.origin(opening);
    const passage: StreamPassage = new StreamPassage({
      interceptors,
      captured,
      opening,
      peer,
      onFault,
      strays,
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
