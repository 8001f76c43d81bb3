import { decodeCheckpoint, encodeCheckpoint } from '../common/json-checkpoint.js';
import type { Message } from './proto.js';

const VERSION = 1;

/** Author and text of what was said in a room, in order. */
type SavedRoom = readonly (readonly [author: string, text: string])[];
type SavedChat = readonly (readonly [room: string, messages: SavedRoom])[];

/**
 * What was said in all rooms. Nothing in it depends on anything but what was said and its order; who is in a room is a
 * matter of calls, not of this. It grows with what is said.
 */
export class Chat {
  #rooms = new Map<string, Message[]>();

  /** Makes a room, if there is none of that name. */
  open(room: string): void {
    if (!this.#rooms.has(room)) this.#rooms.set(room, []);
  }

  /** The messages of a room in order; undefined if it was never opened. The first has number 1. */
  messages(room: string): readonly Message[] | undefined {
    return this.#rooms.get(room);
  }

  /** How many messages there are in a room. */
  length(room: string): number {
    return this.#rooms.get(room)?.length ?? 0;
  }

  say(room: string, author: string, text: string): void {
    this.open(room);
    this.#rooms.get(room)?.push({ number: this.length(room) + 1, author, text });
  }

  audit(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#rooms].map(([room, { length }]) => [room, length]));
  }

  /** A copy of everything, as bytes. */
  checkpoint(): Uint8Array {
    const rooms: SavedChat = [...this.#rooms].map(([room, messages]) => [
      room,
      messages.map(({ author, text }) => [author, text]),
    ]);
    return encodeCheckpoint(VERSION, rooms);
  }

  /** Replaces everything. Throws, and changes nothing, if the bytes are not a checkpoint. */
  restore(bytes: Uint8Array): void {
    const saved = decodeCheckpoint(bytes, VERSION, 'the chat', isSavedChat);
    this.#rooms = new Map(
      saved.map(([room, messages]) => [
        room,
        messages.map(([author, text], index) => ({ number: index + 1, author, text })),
      ]),
    );
  }
}

const isSavedChat = (value: unknown): value is SavedChat =>
  Array.isArray(value) && value.every((room) => isPair(room) && typeof room[0] === 'string' && isSavedRoom(room[1]));

const isSavedRoom = (value: unknown): value is SavedRoom =>
  Array.isArray(value) &&
  value.every((message) => isPair(message) && message.every((part) => typeof part === 'string'));

const isPair = (value: unknown): value is readonly [unknown, unknown] => Array.isArray(value) && value.length === 2;
