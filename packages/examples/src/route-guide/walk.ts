import { keyOf } from './places.js';
import type { Point } from './proto.js';

/** A walk that is being told, point by point. It is not part of the guide before it ends. */
export class Walk {
  points = 0;
  distanceM = 0;
  readonly #visited = new Set<string>();
  #last: Point | undefined;

  add(point: Point): void {
    if (this.#last !== undefined) this.distanceM += distanceM(this.#last, point);
    this.#last = point;
    this.points += 1;
    this.#visited.add(keyOf(point));
  }

  /** The points that it came by, each once; see `keyOf`. */
  get visited(): ReadonlySet<string> {
    return this.#visited;
  }
}

// The square root is exact by IEEE 754, so that all replicas round the same number.
const distanceM = (a: Point, b: Point): number =>
  Math.round(Math.sqrt((a.eastM - b.eastM) ** 2 + (a.northM - b.northM) ** 2));
