/** The text of something thrown, for logs and statuses: JavaScript lets a program throw anything. */
import { types } from 'node:util';
import type { UnderstudyError } from '@understudy/core';

/**
 * Whether something thrown is an error. In jest, which gives each test file global objects of its own, errors of Node's
 * modules are no instances of the file's `Error`.
 */
export const isError = (thrown: unknown): thrown is Error => thrown instanceof Error || types.isNativeError(thrown);

/** The sentence of an error of ours without its code, which a status puts in front of it again. */
export function sentenceOf({ code, message }: UnderstudyError): string {
  const prefix = `${code}: `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** The message of an error, or the text of whatever else was thrown. */
export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

/** The error, or one whose message is the text of whatever else was thrown. */
export function errorOf(error: unknown): Error {
  return isError(error) ? error : new Error(String(error));
}
