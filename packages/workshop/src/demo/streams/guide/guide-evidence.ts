/** The evidence of a route guide's run. */
import type { Note, Place, Point, Rectangle, WalkSummary } from '@understudy/examples/route-guide/proto.js';
import type { Arrivals, StreamEnd } from '../job.js';

/** The messages that a walker sent and received on one call. `sentAfter` is the last entry known before sending. */
export type GuideEvidence =
  | {
      readonly kind: 'notes';
      readonly author: string;
      readonly left: readonly { readonly point: Point; readonly text: string; readonly sentAfter: number }[];
      readonly came: readonly Note[];
      readonly end: StreamEnd;
    }
  | {
      readonly kind: 'walk';
      readonly points: readonly Point[];
      /** The last entry known before the last point was sent. */
      readonly sentAfter: number;
      readonly summary: WalkSummary | undefined;
      readonly end: StreamEnd;
    }
  | {
      readonly kind: 'list';
      readonly rectangle: { readonly [Corner in keyof Rectangle]: Point };
      readonly sentAfter: number;
      readonly places: readonly Place[];
      readonly end: StreamEnd;
    }
  | {
      readonly kind: 'look';
      readonly point: Point;
      readonly sentAfter: number;
      readonly place: Place | undefined;
      readonly end: StreamEnd;
    };

/** The result of a route guide's driver. */
export interface GuideResult extends Arrivals {
  /** Length of the logbook after all calls have ended; undefined if the guide did not answer. */
  readonly entries: number | undefined;
}

export type EvidenceOf<Kind extends GuideEvidence['kind']> = Extract<GuideEvidence, { readonly kind: Kind }>;
