/** The writer and the reader that all encoders and decoders share. */
import { Reader } from './reader.js';
import { Writer } from './writer.js';

/**
 * The one writer and the one reader that all encoders and decoders use. They can share them because encoding and
 * decoding never call back and never wait.
 */
export const writer = new Writer();
export const reader = new Reader();
