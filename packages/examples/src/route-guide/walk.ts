import { keyOf } from './places.js';
import type { Point } from './proto.js';

/** A walk whose points are still arriving. The guide records it when it has ended. */
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

  /** The keys of the points of the walk, each once; see `keyOf`. */
  get visited(): ReadonlySet<string> {
    return this.#visited;
  }
}

// IEEE 754 requires an exact square root, so all replicas round the same number.
const distanceM = (a: Point, b: Point): number =>
  Math.round(Math.sqrt((a.eastM - b.eastM) ** 2 + (a.northM - b.northM) ** 2));
