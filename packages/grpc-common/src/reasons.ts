/** The text of something thrown, for logs and statuses: JavaScript lets a program throw anything. */
import type { UnderstudyError } from '@understudy/core';

/** The sentence of an error of ours without its code, which a status puts in front of it again. */
export function sentenceOf({ code, message }: UnderstudyError): string {
  const prefix = `${code}: `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** The message of an error, or the text of whatever else was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error, or one whose message is the text of whatever else was thrown. */
export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
