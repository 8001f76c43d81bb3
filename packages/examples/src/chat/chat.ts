/** The state of the chat: the messages of all rooms, without any gRPC. */
import { decodeCheckpoint, encodeCheckpoint } from '../common/json-checkpoint.js';
import type { Message } from './proto.js';

const VERSION = 1;

/** The messages of a room in order. */
type SavedRoom = readonly (readonly [author: string, text: string])[];
type SavedChat = readonly (readonly [room: string, messages: SavedRoom])[];

/**
 * The messages of all rooms. The state depends on nothing but the messages and their order, so all replicas reach the
 * same one. Who is in a room is known from open calls, see `Rooms`, and is no part of it. It grows with every message.
 */
export class Chat {
  #rooms = new Map<string, Message[]>();

  /** Opens a room, unless it is open. */
  open(room: string): void {
    if (!this.#rooms.has(room)) this.#rooms.set(room, []);
  }

  /** @returns the messages of a room in order, beginning with number 1; undefined if the room was never opened */
  messages(room: string): readonly Message[] | undefined {
    return this.#rooms.get(room);
  }

  /** @returns the number of messages in a room */
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

  /** Copies the whole state into bytes. */
  checkpoint(): Uint8Array {
    const rooms: SavedChat = [...this.#rooms].map(([room, messages]) => [
      room,
      messages.map(({ author, text }) => [author, text]),
    ]);
    return encodeCheckpoint(VERSION, rooms);
  }

  /** Replaces the whole state. Throws and changes nothing if the bytes are not a checkpoint. */
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
