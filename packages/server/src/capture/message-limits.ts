import type { Server, ServerOptions } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { MESSAGE_BYTES_MAX } from '@understudy/wire';

const LIMITS = ['grpc.max_receive_message_length', 'grpc.max_send_message_length'] as const;

/**
 * Checks that the server lets frames pass, which are messages of this server like any other. A limit below zero means
 * none.
 *
 * @throws UnderstudyError UNDERSTUDY_SETUP when the server's limits of message size are too low
 */
export function checkMessageLimits(server: Server): void {
  // grpc-js has no public way to ask for its options. If a later version keeps them elsewhere, nothing is checked.
  const { options = {} } = server as unknown as { readonly options?: ServerOptions };
  for (const name of LIMITS) {
    const limit = options[name];
    if (typeof limit !== 'number' || limit < 0 || limit >= MESSAGE_BYTES_MAX) continue;
    const problem = `${name} is ${limit}, but replicas send up to ${MESSAGE_BYTES_MAX} bytes in a message: raise it to that, or leave it out`;
    throw new UnderstudyError('UNDERSTUDY_SETUP', problem);
  }
}
