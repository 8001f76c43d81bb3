/** Cuts the records of a checkpoint into sections of bounded size, and puts them together again. */

import { itemCost, keyedCost, outcomeCost } from '../../../connection/usage.js';
import type {
  ArmedSnapshot,
  CallerSnapshot,
  Checkpoint,
  CheckpointRecords,
  ConnectionSnapshot,
  KeyedReply,
  Piece,
  StreamSnapshot,
} from '../../../model/checkpoint.js';
import type { ConnectionId } from '../../../model/ids.js';

/** The bytes that each id counts as. */
const ID_BYTES = 32;
const OPEN_BYTES = 64;

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

interface Section {
  readonly connections: Mutable<ConnectionSnapshot>[];
  readonly keyed: KeyedReply[];
  readonly callers: Mutable<CallerSnapshot>[];
  readonly expired: ConnectionId[];
  readonly armed: ArmedSnapshot[];
  readonly fired: Checkpoint['fired'][number][];
}

const emptySection = (): Section => ({
  ...{ connections: [], keyed: [], callers: [], expired: [], armed: [], fired: [] },
});

/** A checkpoint's records as pieces of about `pieceBytes` each. They are made as they are asked for. */
export function* recordPieces(records: CheckpointRecords, pieceBytes: number): Generator<Piece> {
  let section = emptySection();
  let bytes = 0;
  const full = (): Piece | undefined => {
    if (bytes < pieceBytes) return undefined;
    const piece = { kind: 'records', records: section } as const;
    section = emptySection();
    bytes = 0;
    return piece;
  };
  for (const id of records.expired) {
    section.expired.push(id);
    bytes += ID_BYTES;
    const piece = full();
    if (piece !== undefined) yield piece;
  }
  for (const timer of records.armed) {
    section.armed.push(timer);
    bytes += OPEN_BYTES + timer.name.length + timer.payload.length;
    const piece = full();
    if (piece !== undefined) yield piece;
  }
  for (const timer of records.fired) {
    section.fired.push(timer);
    bytes += ID_BYTES + timer.name.length;
    const piece = full();
    if (piece !== undefined) yield piece;
  }
  for (const reply of records.keyed) {
    section.keyed.push(reply);
    bytes += keyedCost(reply.key, reply.outcome);
    const piece = full();
    if (piece !== undefined) yield piece;
  }
  for (const caller of records.callers) {
    let open: Mutable<CallerSnapshot> = { ...caller, calls: [] };
    section.callers.push(open);
    bytes += OPEN_BYTES;
    for (const call of caller.calls) {
      open.calls.push(call);
      bytes += ID_BYTES + outcomeCost(call.outcome);
      const piece = full();
      if (piece === undefined) continue;
      yield piece;
      open = { ...caller, calls: [] };
      section.callers.push(open);
    }
  }
  for (const connection of records.connections) {
    let open: Mutable<ConnectionSnapshot> = { ...connection, outcomes: [], streams: [] };
    section.connections.push(open);
    bytes += OPEN_BYTES;
    for (const entry of connection.outcomes) {
      open.outcomes.push(entry);
      bytes += outcomeCost(entry[1]);
      const piece = full();
      if (piece === undefined) continue;
      yield piece;
      open = { ...connection, outcomes: [], streams: [] };
      section.connections.push(open);
    }
    for (const stream of connection.streams) {
      let part: Mutable<StreamSnapshot> = { ...stream, items: [] };
      open.streams.push(part);
      bytes += OPEN_BYTES;
      for (const item of stream.items) {
        part.items.push(item);
        bytes += itemCost(item);
        const piece = full();
        if (piece === undefined) continue;
        yield piece;
        part = { ...stream, items: [] };
        open = { ...connection, outcomes: [], streams: [part] };
        section.connections.push(open);
      }
    }
    const piece = full();
    if (piece !== undefined) yield piece;
  }
  yield { kind: 'records', records: section };
}

/** The sections of a checkpoint's records as they arrive. */
export class Sections {
  readonly #all = emptySection();

  get records(): CheckpointRecords {
    return this.#all;
  }

  add({ connections, keyed, callers, expired, armed, fired }: CheckpointRecords): void {
    const all = this.#all;
    for (const id of expired) all.expired.push(id);
    for (const timer of armed) all.armed.push(timer);
    for (const timer of fired) all.fired.push(timer);
    for (const reply of keyed) all.keyed.push(reply);
    for (const caller of callers) {
      const last = all.callers.at(-1);
      if (last?.client !== caller.client) all.callers.push({ ...caller, calls: [...caller.calls] });
      else for (const call of caller.calls) last.calls.push(call);
    }
    for (const connection of connections) this.#addConnection(connection);
  }

  #addConnection(connection: ConnectionSnapshot): void {
    let last = this.#all.connections.at(-1);
    if (last?.connection !== connection.connection) {
      last = { ...connection, outcomes: [], streams: [] };
      this.#all.connections.push(last);
    }
    for (const entry of connection.outcomes) last.outcomes.push(entry);
    for (const stream of connection.streams) {
      const open = last.streams.at(-1);
      if (open?.stream === stream.stream) last.streams[last.streams.length - 1] = joined(open, stream);
      else last.streams.push(stream);
    }
  }
}

const joined = (stream: StreamSnapshot, rest: StreamSnapshot): StreamSnapshot => ({
  ...stream,
  items: [...stream.items, ...rest.items],
});
