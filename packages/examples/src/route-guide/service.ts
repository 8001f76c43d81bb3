/** The route guide's gRPC handlers, one for each kind of method. */
import { status } from '@grpc/grpc-js';
import { writeAll } from '../common/write-all.js';
import type { Guide } from './guide.js';
import { isOnMap, keyOf } from './places.js';
import type { NewNote, Point, Rectangle, RouteGuideHandlers } from './proto.js';
import { Walk } from './walk.js';

const AUTHOR_MAX = 40;
const TEXT_MAX = 200;

/** Returns the gRPC handlers of a route guide. */
export const handlers = (guide: Guide): RouteGuideHandlers => ({
  getPlace: ({ request }, reply) => {
    const place = guide.place(request);
    if (place === undefined) reply(noPlaceAt(request));
    else reply(null, place);
  },

  listPlaces: (call) => {
    const { southWest, northEast } = call.request;
    if (southWest === null || northEast === null || isInsideOut({ southWest, northEast })) {
      call.emit('error', invalid('the rectangle needs a south-western and a north-eastern corner'));
      return;
    }
    // The list is taken at once, so changes made while the caller reads do not show in it.
    writeAll(call, guide.placesIn(southWest, northEast), () => call.end());
  },

  recordWalk: (call, reply) => {
    // The walk lives in this call only, so a cancelled call leaves nothing behind.
    const walk = new Walk();
    const onPoint = (point: Point): void => {
      if (isOnMap(point)) return walk.add(point);
      call.off('data', onPoint).off('end', onEnd).resume();
      reply(invalid(`${keyOf(point)} is off the map`));
    };
    const onEnd = (): void => {
      if (walk.points === 0) reply(invalid('a walk has at least one point'));
      else reply(null, guide.recordWalk(walk));
    };
    call.on('data', onPoint).on('end', onEnd);
  },

  leaveNotes: (call) => {
    const refuse = (fault: ReturnType<typeof invalid>): void => {
      call.off('data', onNote).off('end', onEnd).resume();
      call.emit('error', fault);
    };
    const onNote = ({ point, author, text }: NewNote): void => {
      if (!hasLength(author, AUTHOR_MAX)) return refuse(invalid(`the author must have 1 to ${AUTHOR_MAX} characters`));
      if (!hasLength(text, TEXT_MAX)) return refuse(invalid(`the text must have 1 to ${TEXT_MAX} characters`));
      if (point === null || guide.place(point) === undefined) return refuse(noPlaceAt(point));
      // The next note is read only when the caller has taken the answers to this one.
      call.pause();
      writeAll(call, guide.leaveNote(point, author, text), () => call.resume());
    };
    const onEnd = (): void => void call.end();
    call.on('data', onNote).on('end', onEnd);
  },
});

const isInsideOut = ({ southWest, northEast }: { [Corner in keyof Rectangle]: Point }): boolean =>
  southWest.eastM > northEast.eastM || southWest.northM > northEast.northM;

const hasLength = (text: string, max: number): boolean => text.length > 0 && text.length <= max;

const invalid = (details: string) => ({ code: status.INVALID_ARGUMENT, details });

const noPlaceAt = (point: Point | null) => ({
  code: status.NOT_FOUND,
  details: `there is no place at ${point === null ? 'no point' : keyOf(point)}`,
});
