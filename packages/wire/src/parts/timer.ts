/** Timers: due ones as bodies, and armed ones in a checkpoint. */
import type { ArmedSnapshot, Checkpoint, DueTimer } from '@understudy/core/internal';
import { malformed } from '../bytes/failure.js';
import type { Reader } from '../bytes/reader.js';
import type { Writer } from '../bytes/writer.js';
import { readId, writeId } from './nested.js';

/** A kind is written as an index of this list. Never reorder it. */
const KINDS: readonly DueTimer['kind'][] = ['raw', 'after', 'every'];
/** Id, name, payload, dueMs and delayMs. */
const ARMED_MIN_BYTES = 6;
/** Name and time. */
const FIRED_MIN_BYTES = 2;

export function writeTimer(w: Writer, timer: DueTimer): void {
  w.byte(KINDS.indexOf(timer.kind));
  if (timer.kind !== 'every') writeId(w, timer.id);
  if (timer.kind !== 'raw') w.string(timer.name);
}

export function readTimer(r: Reader): DueTimer {
  const byte = r.byte();
  const kind = KINDS[byte] ?? malformed(`unknown kind ${byte} of a timer`);
  switch (kind) {
    case 'raw':
      return { kind, id: readId(r) };
    case 'after':
      return { kind, id: readId(r), name: r.string() };
    case 'every':
      return { kind, name: r.string() };
  }
}

export const timerBytes = (timer: DueTimer): number => 20 + ('name' in timer ? timer.name.length : 0);

export function writeTimers(w: Writer, { armed, fired }: Pick<Checkpoint, 'armed' | 'fired'>): void {
  w.varint(armed.length);
  for (const { id, name, payload, dueMs, delayMs } of armed) {
    writeId(w, id);
    w.string(name);
    w.bytes(payload);
    w.varint(dueMs);
    w.varint(delayMs);
  }
  w.varint(fired.length);
  for (const { name, lastMs } of fired) {
    w.string(name);
    w.varint(lastMs);
  }
}

export function readTimers(r: Reader): Pick<Checkpoint, 'armed' | 'fired'> {
  const armed: ArmedSnapshot[] = [];
  for (let left = r.count(ARMED_MIN_BYTES); left > 0; left--) {
    armed.push({ id: readId(r), name: r.string(), payload: r.bytes(), dueMs: r.varint(), delayMs: r.varint() });
  }
  const fired: Checkpoint['fired'][number][] = [];
  for (let left = r.count(FIRED_MIN_BYTES); left > 0; left--) fired.push({ name: r.string(), lastMs: r.varint() });
  return { armed, fired };
}

export const timersBytes = ({ armed, fired }: Pick<Checkpoint, 'armed' | 'fired'>): number =>
  armed.reduce((sum, { name, payload }) => sum + 40 + name.length + payload.length, 8) +
  fired.reduce((sum, { name }) => sum + 16 + name.length, 8);
