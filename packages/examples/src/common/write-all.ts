/** What a handler writes to: the call of a method that answers with a stream. */
export interface Sink<Message> {
  write(message: Message): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/**
 * Writes messages no faster than the other side takes them. They are asked for one by one, so they must not change in
 * between. When the call ends before, 'drain' never comes, and what is left is forgotten with the call.
 *
 * @param done called after the last was written; perhaps at once
 */
export function writeAll<Message>(sink: Sink<Message>, messages: Iterable<Message>, done: () => void): void {
  const coming = messages[Symbol.iterator]();
  const writeMore = (): void => {
    for (let next = coming.next(); next.done !== true; next = coming.next())
      if (!sink.write(next.value)) {
        sink.once('drain', writeMore);
        return;
      }
    done();
  };
  writeMore();
}
