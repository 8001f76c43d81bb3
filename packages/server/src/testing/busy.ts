/** A service whose handler blocks the event loop. */
import { counterService } from './counter.js';

export interface Busy {
  readonly ms: number;
  /** The one replica to block; the others answer at once. Default: all of them. */
  readonly only?: string;
}

export const busyService = { Block: { ...counterService.Add, path: '/test.Busy/Block' } };
