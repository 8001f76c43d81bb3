/** What was thrown, for logs and statuses: JavaScript lets a program throw anything. */

/** The message of an error, or the text of whatever else was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error, or one whose message is the text of whatever else was thrown. */
export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
