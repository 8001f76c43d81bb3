import { Reader } from './reader.js';
import { Writer } from './writer.js';

/**
 * The writer and the reader of this module's encoders and decoders. One of each suffices, since encoding and decoding
 * never call back and never wait.
 */
export const writer = new Writer();
export const reader = new Reader();

/** An object under construction. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };
