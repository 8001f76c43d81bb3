/** The part of a message in its stream, the items that handlers send, and how far clients are with them. */
import type { SeqItem, SeqNum, StreamAsk, StreamItem, StreamPart } from '@understudy/core/internal';
import { malformed } from '../bytes/failure.js';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';
import { metadataBytes, readMetadata, writeMetadata } from './metadata.js';
import { outcomeBytes, readStreamEnd, writeOutcome } from './outcome.js';

const PARTS: readonly StreamPart['kind'][] = ['open', 'message', 'end', 'cancel', 'credit'];
const ITEMS: readonly StreamItem['kind'][] = ['metadata', 'message', 'window', 'status'];
const ITEM_MASK = 0b11;
const STABLE = 0b100;
const ITEM_FLAGS = ITEM_MASK | STABLE;

/** Stream, index and flags. */
const ITEM_MIN_BYTES = 3;
const ASK_MIN_BYTES = 3;
const TAKEN_MIN_BYTES = 2;

export function writePart(w: Writer, part: StreamPart): void {
  w.byte(PARTS.indexOf(part.kind));
  switch (part.kind) {
    case 'open':
      return;
    case 'cancel':
      w.varint(part.of);
      return;
    case 'credit':
      w.varint(part.taken.length);
      for (const { of, upTo } of part.taken) {
        w.varint(of);
        w.varint(upTo);
      }
      return;
    default:
      w.varint(part.of);
      w.varint(part.position);
  }
}

export function readPart(r: Reader): StreamPart {
  const kind = PARTS[r.byte()];
  switch (kind) {
    case 'open':
      return { kind };
    case 'cancel':
      return { kind, of: r.varint() as SeqNum };
    case 'credit': {
      const taken: { of: SeqNum; upTo: number }[] = [];
      for (let left = r.count(TAKEN_MIN_BYTES); left > 0; left--) {
        taken.push({ of: r.varint() as SeqNum, upTo: r.varint() });
      }
      return { kind, taken };
    }
    case 'message':
    case 'end':
      return { kind, of: r.varint() as SeqNum, position: r.varint() };
    default:
      return malformed('unknown part of a stream');
  }
}

export const partBytes = (part: StreamPart): number => (part.kind === 'credit' ? 8 + 6 * part.taken.length : 12);

/** Items as they are sent. Those of one stream follow each other, so the differences of stream and index are small. */
export function writeItems(w: Writer, items: readonly SeqItem[]): void {
  w.varint(items.length);
  let previous = 0;
  let previousIndex = 0;
  for (const { stream, index, item, stable } of items) {
    w.offsetFrom(previous, stream);
    w.after(stream === previous ? previousIndex : 0, index);
    w.byte(ITEMS.indexOf(item.kind) | (stable ? STABLE : 0));
    writeItem(w, item);
    previous = stream;
    previousIndex = index;
  }
}

export function readItems(r: Reader): SeqItem[] {
  const items: SeqItem[] = [];
  let stream = 0;
  let index = 0;
  for (let left = r.count(ITEM_MIN_BYTES); left > 0; left--) {
    const previous = stream;
    stream = r.offsetFrom(stream);
    index = r.after(stream === previous ? index : 0);
    const flags = r.flags(ITEM_FLAGS);
    items.push({
      stream: stream as SeqNum,
      index,
      item: readItem(r, flags & ITEM_MASK),
      stable: (flags & STABLE) !== 0,
    });
  }
  return items;
}

export function itemsBytes(items: readonly SeqItem[]): number {
  let bytes = 8;
  for (const { item } of items) bytes += 8 + itemBytes(item);
  return bytes;
}

/** An item whose stream and number the reader knows: a byte with its kind, then the item. */
export function writeBareItem(w: Writer, item: StreamItem): void {
  w.byte(ITEMS.indexOf(item.kind));
  writeItem(w, item);
}

export const readBareItem = (r: Reader): StreamItem => readItem(r, r.flags(ITEM_MASK));

export function itemBytes(item: StreamItem): number {
  switch (item.kind) {
    case 'metadata':
      return metadataBytes(item.entries);
    case 'message':
      return 4 + item.message.length;
    case 'window':
      return 8;
    default:
      return outcomeBytes(item.outcome);
  }
}

function writeItem(w: Writer, item: StreamItem): void {
  switch (item.kind) {
    case 'metadata':
      writeMetadata(w, item.entries);
      return;
    case 'message':
      w.bytes(item.message);
      return;
    case 'window':
      w.varint(item.upTo);
      return;
    default:
      writeOutcome(w, item.outcome, 0);
  }
}

function readItem(r: Reader, kind: number): StreamItem {
  switch (ITEMS[kind]) {
    case 'metadata':
      return { kind: 'metadata', entries: readMetadata(r) };
    case 'message':
      return { kind: 'message', message: r.bytes() };
    case 'window':
      return { kind: 'window', upTo: r.varint() };
    default:
      return { kind: 'status', outcome: readStreamEnd(r) };
  }
}

/** How far a client is with each of its streams. */
export function writeAsks(w: Writer, asks: readonly StreamAsk[]): void {
  w.varint(asks.length);
  for (const { of, received, awaitStable } of asks) {
    w.varint(of);
    w.varint(received);
    w.boolean(awaitStable);
  }
}

export function readAsks(r: Reader): StreamAsk[] {
  const asks: StreamAsk[] = [];
  for (let left = r.count(ASK_MIN_BYTES); left > 0; left--) {
    asks.push({ of: r.varint() as SeqNum, received: r.varint(), awaitStable: r.boolean() });
  }
  return asks;
}
