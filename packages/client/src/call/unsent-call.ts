import type { AuthContext } from '@understudy/grpc-common';

/** The connection of a call that never leaves this process, as grpc-js's call interface asks for it: there is none. */
export abstract class UnsentCall {
  getPeer(): string {
    return 'unknown';
  }

  getCallNumber(): number {
    return 0;
  }

  getAuthContext(): AuthContext | null {
    return null;
  }
}
