/** The call of a method that answers with a stream. */
export interface Sink<Message> {
  write(message: Message): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/**
 * Writes messages no faster than the client reads. It takes them from the iterable one by one, so they must not change
 * meanwhile. If the call ends early, 'drain' never comes and the remaining messages are garbage-collected with the
 * call.
 *
 * @param done called after the last message was written, perhaps before this function returns
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
