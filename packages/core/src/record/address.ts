/** Addresses at which replicas are reached. */

const ADDRESS_MAX = 512;
const HOST_PORT = /^(?:\[[^\p{Cc}\p{Z}[\]]+\]|[^\p{Cc}\p{Z}:[\]/\\]+):(\d{1,5})$/u;

/**
 * Whether a text is `host:port` with a port from 1 to 65535. Nothing else is ever dialled, because a text with control
 * characters or a scheme of its own would mean something to the network library that nobody checked.
 */
export function isAddress(text: unknown): boolean {
  if (typeof text !== 'string' || text.length > ADDRESS_MAX) return false;
  const port = Number(HOST_PORT.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}
